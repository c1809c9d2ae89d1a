import { z } from 'zod';
import { Parcel } from '../../activities/parcel.ts';
import { MUG } from '../openapi/examples.ts';

const { trackingNumber, promisedBy, ...always } = Parcel.shape;

/** The fields of a parcel as callers see it. */
export const parcelFields = {
  ...always,
  trackingNumber: trackingNumber.unwrap().optional().meta({ description: 'absent while it waits for the payment' }),
  promisedBy: promisedBy.unwrap().optional().meta({ description: 'when the carrier promises to deliver it by' }),
};

export const ParcelView = z.object(parcelFields).meta({
  id: 'Parcel',
  description: 'Pieces of an order that travel together. The id of the first parcel of an order is the order’s.',
  examples: [
    {
      id: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
      status: 'dispatched',
      lines: [{ sku: MUG.sku, quantity: 2 }],
      trackingNumber: 'SB-1042',
      promisedBy: '2026-01-08T18:00:00.000Z',
    },
  ],
});
export type ParcelView = z.infer<typeof ParcelView>;

export const parcelViewOf = ({ trackingNumber: tracking, promisedBy: promised, ...rest }: Parcel): ParcelView => ({
  ...rest,
  ...(tracking !== null && { trackingNumber: tracking }),
  ...(promised !== null && { promisedBy: promised }),
});
