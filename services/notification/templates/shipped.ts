import type { StockLine } from '../../../activities/identity.ts';
import type { Money } from '../../../activities/money.ts';
import { type OrderReference, type Template, lineItems, nameOf } from './layout.ts';

/** With `lines` if the order travels in several parcels, or not all of it is sent. Older events have no total. */
type Shipped = OrderReference & { trackingNumber: string | null; total?: Money; lines?: StockLine[] };

export const shipped: Template<Shipped> = ({ trackingNumber, total, lines = [], ...order }, productNames) => ({
  subject: 'Your parcel is on its way',
  paragraphs: [
    lines.length > 0
      ? `A parcel of your order ${nameOf(order)} has left our warehouse. It contains:`
      : `Your order ${nameOf(order)} has left our warehouse.`,
    ...(trackingNumber ? [`The carrier's tracking number is ${trackingNumber}.`] : []),
    ...(total?.amountMinor === 0 ? [] : [lines.length > 0 ? CHARGED_IN_PARTS : CHARGED]),
  ],
  list: lineItems(lines, productNames),
});

// The event comes before the charge.
const CHARGED = 'We now charge your card; your order shows when that is done.';
// One that is sent again is paid for already.
const CHARGED_IN_PARTS =
  'We now charge your card for this parcel, unless it is paid for already; your order shows what was charged.';
