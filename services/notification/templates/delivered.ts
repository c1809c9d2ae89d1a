import type { StockLine } from '../../../activities/identity.ts';
import type { PaymentStatus } from '../../../activities/order-status.ts';
import { type OrderReference, type Template, lineItems, nameOf } from './layout.ts';

/**
 * With `lines` if the order travels in several parcels, or not all of it is sent: then without `returnableUntil` while others
 * are on their way. Older events say neither until when the goods can be returned nor whether they are paid.
 */
type Delivered = OrderReference & { returnableUntil?: string; paymentStatus?: PaymentStatus; lines?: StockLine[] };

export const delivered: Template<Delivered> = (
  { returnableUntil, paymentStatus, lines = [], ...order },
  productNames,
) => ({
  subject: 'Your parcel has arrived',
  paragraphs: [
    lines.length > 0
      ? `A parcel of your order ${nameOf(order)} has been delivered. We hope you like it. It contained:`
      : `Your order ${nameOf(order)} has been delivered. We hope you like it.`,
    ...(lines.length > 0 && returnableUntil === undefined
      ? ['Something else of this order has not arrived yet; you can request returns once it has.']
      : []),
    ...(returnableUntil !== undefined && Date.parse(returnableUntil) > Date.now()
      ? [`If something is not right, request a return of the order until ${dateInWords(returnableUntil)}.`]
      : []),
    ...(paymentStatus === 'requires_action' ? ['The payment needs a look by our staff.'] : []),
  ],
  list: lineItems(lines, productNames),
});

/** The date in UTC, by which the shop counts. */
const dateInWords = (time: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(Date.parse(time));
