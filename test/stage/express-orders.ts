import type { Client } from '@temporalio/client';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderStart } from '../../activities/order-placing.ts';
import type { Booking } from '../../activities/shipping.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import type { ChangedOrder, OrderRow } from '../../services/order/bookkeeping.ts';
import { createExpress } from '../../services/order/express.ts';
import { startOrderWorkflow } from '../../services/order/order-start.ts';
import type { StepServices } from '../../services/order/step-services.ts';
import { type OrderInput, orderWorkflowId } from '../../workflows/order/messages.ts';
import type { OrderWorlds } from './order-world.ts';

export interface ExpressStage {
  /** The client that starts the workflow. */
  by: Client;
  input: OrderInput;
  services: StepServices;
  bookkeeping: OrderActivities;
  worlds: OrderWorlds;
}

/**
 * Places an order as the order service does in the lane `express`, with the bookkeeping in memory. An order that is
 * recorded already was left behind by an attempt whose process died: its workflow is started as when its lease has ended.
 */
export async function placeAsOrderService(stage: ExpressStage): Promise<void> {
  const { by, input, services } = stage;
  const { promise: handedOver, resolve: handOver } = Promise.withResolvers<OrderStart>();
  const place = createExpress({
    services,
    ...recordsIn(stage),
    handOver,
    leases: { hold: (_orderId, work) => work() },
    // Long enough for a busy machine.
    attemptMs: 60_000,
    logger: createLogger('test', 'error'),
  });
  const lines = input.lines.map((line) => ({
    ...line,
    name: line.sku,
    unitPrice: { amountMinor: 1, currency: 'GBP' },
  }));
  const { attempt: _none, ...request } = input;
  const placed = await place({ ...request, lines });
  await startOrderWorkflow(by, placed ? await handedOver : { input, lane: 'express' });
}

/** The statements of the order service, on the orders in memory. */
function recordsIn({ input: { orderId }, bookkeeping, worlds }: ExpressStage) {
  const world = worlds.of(orderId);
  return {
    async insert(_request: unknown, entries: Parameters<OrderActivities['recordOrder']>[0]['entries']) {
      const { again } = await bookkeeping.recordOrder({ orderId, workflowId: orderWorkflowId(orderId), entries });
      return again ? undefined : ({ id: orderId } as OrderRow);
    },
    async confirm(note: Parameters<OrderActivities['noteSteps']>[0], booking: Booking) {
      await bookkeeping.confirmOrder({ ...note, ...booking });
      return world.status === 'confirmed' ? ({ decided_at: new Date() } as ChangedOrder) : undefined;
    },
  };
}
