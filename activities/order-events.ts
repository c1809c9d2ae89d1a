import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { ShippingAddress } from './address.ts';
import { StockLine } from './identity.ts';
import { Money } from './money.ts';
import { FulfillmentStatus, PaymentStatus, Rejection, Step } from './order-status.ts';

/** Optional fields are absent from events that older versions wrote. */
const OrderEvent = z.object({ orderId: z.uuid(), customerId: z.uuid(), number: z.string().optional() });
/** What became of the money and the goods of an order that ends without a sale. */
const OrderEnded = OrderEvent.extend({
  paymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus.optional(),
});
/** One parcel, and what it contains, of an order in several. */
const AboutParcel = OrderEvent.extend({ parcelId: z.uuid().optional(), lines: z.array(StockLine).optional() });
/** A parcel that does not arrive as it should. */
const ParcelTroubled = OrderEvent.extend({
  parcelId: z.uuid(),
  trackingNumber: z.string().nullable(),
  promisedBy: z.iso.datetime().optional(),
});
/** Events of the order service. Their subject is the order's id. */
export const orderEvents = {
  'order.placed': OrderEvent.extend({ total: Money }),
  /** The card's holder must confirm the payment: on the page `url`, or in the shop itself if there is none. */
  'order.payment_action_required': OrderEvent.extend({ url: z.url().nullable(), expiresAt: z.iso.datetime() }),
  'order.confirmed': OrderEvent.extend({ total: Money, lines: z.array(StockLine) }),
  'order.rejected': OrderEnded.extend({ rejection: Rejection }),
  /** `rejection`: it could not be paid for any longer. */
  'order.canceled': OrderEnded.extend({ rejection: Rejection.optional() }),
  /** Some of its pieces are not sent, the others travel in other parcels than before, or to another address. */
  'order.changed': OrderEvent.extend({
    canceledLines: z.array(StockLine).optional(),
    shippingAddress: ShippingAddress.optional(),
  }),
  /** The card holds the money no longer: the customer must name another payment method. */
  'order.payment_method_required': OrderEvent.extend({ until: z.iso.datetime(), total: Money }),
  'order.shipped': AboutParcel.extend({ trackingNumber: z.string().nullable(), total: Money.optional() }),
  'order.delivered': AboutParcel.extend({
    /** End of the return window; absent while other parcels are on their way. */
    returnableUntil: z.iso.datetime().optional(),
    paymentStatus: PaymentStatus.optional(),
  }),
  'order.parcel_delayed': ParcelTroubled,
  /** It was not delivered when the carrier had promised it, and the carrier says nothing. */
  'order.parcel_late': ParcelTroubled,
  'order.parcel_lost': ParcelTroubled,
  'order.parcel_returned_to_sender': ParcelTroubled,
  'order.completed': OrderEvent,
  /** Of a return, or of a refund without one. `manually`: it does not come through the card. */
  'order.refunded': OrderEvent.extend({
    returnId: z.uuid().optional(),
    refundId: z.uuid().optional(),
    refund: Money,
    manually: z.boolean().optional(),
  }),
  /** The card's holder confirmed after the order was given up; the hold is released again. */
  'order.payment_released': OrderEvent.extend({ total: Money }),
  'order.action_required': OrderEvent.extend({ step: Step, reason: z.string() }),
} satisfies EventShapes;
