import { z } from 'zod';
import { RecordMovement, type ShippingRequests } from '../../activities/shipping.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { Refusal } from '../../platform/refusal.ts';
import type { Workflows } from '../workflows.ts';

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

/** News of parcels, told by the carrier. */
export const carrierRoutes = (shipping: ShippingRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/callbacks/carrier',
    operationId: 'carrierCallback',
    summary: 'The carrier tells where a parcel is',
    tag: 'callbacks',
    access: 'signed',
    body: News,
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
        // An order that has ended needs no news.
        if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
      });
      return { status: 204 };
    },
  }),
];
