import type { Money } from '../../../activities/money.ts';
import { type OrderReference, type Template, nameOf } from './layout.ts';

/** Older events have no total. */
type Shipped = OrderReference & { trackingNumber: string | null; total?: Money };

export const shipped: Template<Shipped> = ({ trackingNumber, total, ...order }) => ({
  subject: 'Your parcel is on its way',
  paragraphs: [
    `Your order ${nameOf(order)} has left our warehouse.`,
    ...(trackingNumber ? [`The carrier's tracking number is ${trackingNumber}.`] : []),
    // The event comes before the charge.
    ...(total?.amountMinor === 0 ? [] : ['We now charge your card; your order shows when that is done.']),
  ],
});
