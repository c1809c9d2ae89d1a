import type { PaymentStatus } from '../../../activities/order-status.ts';
import { type OrderReference, type Template, nameOf } from './layout.ts';

/** Older events say neither until when the goods can be returned nor whether they are paid. */
type Delivered = OrderReference & { returnableUntil?: string; paymentStatus?: PaymentStatus };

export const delivered: Template<Delivered> = ({ returnableUntil, paymentStatus, ...order }) => ({
  subject: 'Your parcel has arrived',
  paragraphs: [
    `Your order ${nameOf(order)} has been delivered. We hope you like it.`,
    ...(returnableUntil !== undefined && Date.parse(returnableUntil) > Date.now()
      ? [`If something is not right, request a return of the order until ${dateInWords(returnableUntil)}.`]
      : []),
    ...(paymentStatus === 'requires_action' ? ['The payment needs a look by our staff.'] : []),
  ],
});

/** The date in UTC, by which the shop counts. */
const dateInWords = (time: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(Date.parse(time));
