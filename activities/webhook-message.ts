import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import { StockLine } from './identity.ts';
import { Money } from './money.ts';
import { FulfillmentStatus, PaymentStatus, Rejection } from './order-status.ts';
import type { WebhookEventType } from './webhook.ts';

// Optional fields are absent from events that older versions wrote.
const OrderData = z.object({ orderId: z.uuid(), number: z.string().optional() });
const EndedOrderData = OrderData.extend({
  paymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus.optional(),
});

// One parcel, and what it contains, of an order in several.
const ParcelData = OrderData.extend({ parcelId: z.uuid().optional(), lines: z.array(StockLine).optional() });
const TroubledData = OrderData.extend({
  parcelId: z.uuid(),
  trackingNumber: z.string().nullable(),
  promisedBy: z.iso.datetime().optional(),
});

const about = <Type extends WebhookEventType, Data extends z.ZodObject>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), timestamp: z.iso.datetime(), data });

/**
 * The body of the message that a customer's endpoint receives about an event: the payload structure of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). `timestamp` is the time
 * of the event. Fields that are not listed here are not sent.
 */
export const webhookMessages = {
  'order.placed': about('order.placed', OrderData.extend({ total: Money })),
  'order.payment_action_required': about(
    'order.payment_action_required',
    OrderData.extend({ url: z.url().nullable(), expiresAt: z.iso.datetime() }),
  ),
  'order.confirmed': about('order.confirmed', OrderData.extend({ total: Money, lines: z.array(StockLine) })),
  'order.rejected': about('order.rejected', EndedOrderData.extend({ rejection: Rejection })),
  'order.canceled': about('order.canceled', EndedOrderData.extend({ rejection: Rejection.optional() })),
  'order.changed': about(
    'order.changed',
    OrderData.extend({ canceledLines: z.array(StockLine).optional(), shippingAddress: ShippingAddress.optional() }),
  ),
  'order.payment_method_required': about(
    'order.payment_method_required',
    OrderData.extend({ until: z.iso.datetime(), total: Money }),
  ),
  'order.shipped': about('order.shipped', ParcelData.extend({ trackingNumber: z.string().nullable() })),
  'order.parcel_delayed': about('order.parcel_delayed', TroubledData),
  'order.parcel_late': about('order.parcel_late', TroubledData),
  'order.parcel_lost': about('order.parcel_lost', TroubledData),
  'order.parcel_returned_to_sender': about('order.parcel_returned_to_sender', TroubledData),
  'order.delivered': about('order.delivered', ParcelData.extend({ returnableUntil: z.iso.datetime().optional() })),
  'order.completed': about('order.completed', OrderData),
  // Of a return, or of a refund without one.
  'order.refunded': about(
    'order.refunded',
    OrderData.extend({
      returnId: z.uuid().optional(),
      refundId: z.uuid().optional(),
      refund: Money,
      manually: z.boolean().optional(),
    }),
  ),
  'order.payment_released': about('order.payment_released', OrderData.extend({ total: Money })),
  // The step and the reason are for the shop's staff only.
  'order.action_required': about('order.action_required', OrderData),
} satisfies Record<WebhookEventType, z.ZodObject>;
