import { z } from 'zod';
import { RecordMovement, type ShippingRequests } from '../../activities/shipping.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { ParcelMoved } from '../../workflows/order/messages.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import { type StrayParcelDependencies, createStrayParcels } from './stray-parcels.ts';

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

interface CarrierDependencies extends StrayParcelDependencies {
  shipping: ShippingRequests;
  workflows: Workflows;
}

/** The callback with which the carrier reports the movements of parcels. */
export function carrierRoutes({ shipping, workflows, ...dependencies }: CarrierDependencies): AnyRoute[] {
  const reportStray = createStrayParcels({ workflows, ...dependencies });

  /** Tells the order's workflow, which may not have been started. False: it has ended. */
  async function tellOrder(orderId: string, moved: ParcelMoved): Promise<boolean> {
    const { start } = await dependencies.orders.getOrderStart({ orderId });
    if (!start) return false;
    try {
      await workflows.parcelMoved(start, moved);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'WorkflowEnded') return false;
      throw error;
    }
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
        const { orderId, status } = shipment;
        const parcel = shipment.parcelId === orderId ? {} : { parcelId: shipment.parcelId };
        const stray = { orderId, ...parcel, trackingNumber, reported: type };
        if (status === 'booked' || status === 'canceled') {
          // The report contradicts the shipping service's records: it changes no order, and a person must look.
          await reportStray({ ...stray, contradicts: 'bookingCanceled' });
          return { status: 204 };
        }
        if (!(await tellOrder(orderId, { status, ...parcel }))) {
          await reportStray({ ...stray, contradicts: 'workflowEnded' });
        }
        return { status: 204 };
      },
    }),
  ];
}
