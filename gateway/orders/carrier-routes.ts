import { Counter, type Registry } from 'prom-client';
import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { RecordMovement, type ShippingRequests } from '../../activities/shipping.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Workflows } from '../workflow-client.ts';

// Not strict: the carrier may tell more some day, and a parcel's news must not be lost for that.
const News = z
  .object({
    id: RecordMovement.shape.movementId,
    trackingNumber: RecordMovement.shape.trackingNumber,
    orderId: z.string().max(100).optional(),
    type: RecordMovement.shape.type,
    at: RecordMovement.shape.at,
  })
  .meta({
    id: 'CarrierNews',
    examples: [{ id: 'evt_81', trackingNumber: 'SB-1042', type: 'dispatched', at: '2026-01-05T14:00:00Z' }],
  });

// Ten times what the carrier has to tell.
const BODY_LIMIT_BYTES = 8 * 1024;

interface CarrierDependencies {
  shipping: ShippingRequests;
  orders: Pick<OrderRequests, 'getOrder'>;
  workflows: Workflows;
  logger: Logger;
  registry: Registry;
}

/** News of parcels, told by the carrier. */
export function carrierRoutes({ shipping, orders, workflows, logger, registry }: CarrierDependencies): AnyRoute[] {
  const strays = new Counter({
    name: 'parcels_of_ended_orders_total',
    help: 'News of parcels that left although their orders came to nothing',
    registers: [registry],
  });

  /** An order that has ended needs no news, unless it came to nothing and its goods leave all the same. */
  async function noteEnded(orderId: string, parcel: string): Promise<void> {
    const { status } = await orders.getOrder({ orderId });
    if (status !== 'rejected' && status !== 'canceled') return;
    strays.inc();
    logger.error('a parcel has left although its order came to nothing', { orderId, status, parcel });
  }

  return [
    route({
      method: 'post',
      path: '/v1/callbacks/carrier',
      operationId: 'carrierCallback',
      summary: 'The carrier tells where a parcel is',
      tag: 'callbacks',
      access: 'signed',
      body: News,
      // It is read before anybody knows who sends it.
      bodyLimit: BODY_LIMIT_BYTES,
      headers: { 'Carrier-Signature': '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`' },
      responses: { 204: { description: 'Noted' } },
      problems: { 401: ['InvalidSignature'], 404: ['ShipmentNotFound'] },
      async handle({ body: { id, trackingNumber, type, at } }) {
        // Whose parcel it is, our books say; the body's word is not needed for it.
        const shipment = await shipping.recordMovement({ movementId: id, trackingNumber, type, at });
        const { status } = shipment;
        // What our books made of it: news that contradicts them moves no order.
        if (status !== 'dispatched' && status !== 'delivered') return { status: 204 };
        await workflows.tellParcelMoved(shipment.orderId, { status }).catch((error: unknown) => {
          if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
          return noteEnded(shipment.orderId, status);
        });
        return { status: 204 };
      },
    }),
  ];
}
