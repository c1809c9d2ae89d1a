import { Counter, type Registry } from 'prom-client';
import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { RecordMovement, type ShippingRequests } from '../../activities/shipping.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

// Not strict: an update with new fields must not be lost.
const CarrierUpdate = z
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

// Ten times the size of an update.
const BODY_LIMIT_BYTES = 8 * 1024;

interface CarrierDependencies {
  shipping: ShippingRequests;
  orders: Pick<OrderRequests, 'getOrder'>;
  workflows: Workflows;
  logger: Logger;
  registry: Registry;
}

/** The callback with which the carrier reports the movements of parcels. */
export function carrierRoutes({ shipping, orders, workflows, logger, registry }: CarrierDependencies): AnyRoute[] {
  const parcelsOfEndedOrders = new Counter({
    name: 'parcels_of_ended_orders_total',
    help: 'Parcels that were dispatched although their orders were rejected or canceled',
    registers: [registry],
  });

  /** An ended order needs no update, except if it was rejected or canceled and its goods are dispatched anyway. */
  async function reportEnded(orderId: string, parcel: string): Promise<void> {
    const { status } = await orders.getOrder({ orderId });
    if (status !== 'rejected' && status !== 'canceled') return;
    parcelsOfEndedOrders.inc();
    logger.error('parcel dispatched although its order was rejected or canceled', { orderId, status, parcel });
  }

  return [
    route({
      method: 'post',
      path: '/v1/callbacks/carrier',
      operationId: 'carrierCallback',
      summary: 'Report the movement of a parcel (for the carrier)',
      tag: 'callbacks',
      access: 'signed',
      body: CarrierUpdate,
      // The body is read before its sender is known.
      bodyLimit: BODY_LIMIT_BYTES,
      headers: { 'Carrier-Signature': '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`' },
      responses: { 204: { description: 'Recorded' } },
      problems: { 401: ['InvalidSignature'], 404: ['ShipmentNotFound'] },
      async handle({ body: { id, trackingNumber, type, at } }) {
        // The order of a parcel comes from our own records, not from the request.
        const shipment = await shipping.recordMovement({ movementId: id, trackingNumber, type, at });
        const { status } = shipment;
        // The status is ours too: an update that contradicts the shipping service's records changes no order.
        if (status !== 'dispatched' && status !== 'delivered') return { status: 204 };
        await workflows.signalParcelMoved(shipment.orderId, { status }).catch((error: unknown) => {
          if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
          return reportEnded(shipment.orderId, status);
        });
        return { status: 204 };
      },
    }),
  ];
}
