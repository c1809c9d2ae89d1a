import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangedOrders, HistoryPage } from '../../../activities/order-history.ts';
import { type Order, orderRequests } from '../../../activities/order.ts';
import { listen } from '../../../platform/http/server.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';

const money = { amountMinor: 100, currency: 'GBP' };
const now = new Date().toISOString();

/** The only order. It is confirmed and never changes. */
export const ORDER: Order = {
  id: randomUUID(),
  number: '10001',
  allowedActions: ['cancel'],
  customerId: randomUUID(),
  status: 'confirmed',
  paymentStatus: 'authorized',
  fulfillmentStatus: 'booked',
  lines: [{ sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: money }],
  total: money,
  captured: { ...money, amountMinor: 0 },
  refunded: { ...money, amountMinor: 0 },
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'SW1', country: 'GB' },
  rejection: null,
  nextAction: null,
  trackingNumber: null,
  returnableUntil: null,
  version: 1,
  createdAt: now,
  updatedAt: now,
};

const history: HistoryPage = {
  items: [{ position: 1, at: now, step: 'record', outcome: 'succeeded' }],
  more: false,
  ended: false,
};

/** An order service's API with one order, as far as a stream of the order needs it. */
export const startOrderService = (token: string) =>
  listen(
    createServiceApi({
      requests: {
        operations: {
          getOrders: orderRequests.getOrders,
          followMoves: orderRequests.followMoves,
          followStory: orderRequests.followStory,
        },
        implementation: {
          getOrders: async () => ({ items: [ORDER] }),
          followStory: async ({ after }: { after: number }) => (after < 1 ? history : { ...history, items: [] }),
          followMoves: async ({
            patienceMs,
            after,
          }: {
            patienceMs: number;
            after: number | null;
          }): Promise<ChangedOrders> => {
            await sleep(after === null ? 0 : patienceMs);
            return { orderIds: [], next: 1, restarted: after === null };
          },
        },
      },
      ready: async () => undefined,
      token,
      logger: createLogger('order', 'error'),
      metrics: createMetrics('order'),
    }),
    { port: 0, setting: 'ORDER_PORT' },
  );
