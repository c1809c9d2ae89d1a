import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import { Money } from '../../activities/money.ts';
import { FulfillmentStatus, PaymentStatus, Rejection } from '../../activities/order-status.ts';
import type { WebhookEventType } from '../../activities/webhook.ts';

// Optional fields are absent from events that older versions wrote.
const OrderData = z.object({ orderId: z.uuid(), number: z.string().optional() });
const EndedOrderData = OrderData.extend({
  paymentStatus: PaymentStatus.optional(),
  fulfillmentStatus: FulfillmentStatus.optional(),
});

/** The data that is sent about each event. Fields that are not listed here are left out. */
const SHAPES: Readonly<Record<WebhookEventType, z.ZodObject>> = {
  'order.placed': OrderData.extend({ total: Money }),
  'order.confirmed': OrderData.extend({ total: Money, lines: z.array(StockLine) }),
  'order.rejected': EndedOrderData.extend({ rejection: Rejection }),
  'order.canceled': EndedOrderData,
  'order.shipped': OrderData.extend({ trackingNumber: z.string().nullable() }),
  'order.delivered': OrderData,
  'order.completed': OrderData,
  'order.refunded': OrderData.extend({ returnId: z.uuid(), refund: Money }),
  // The step and the reason are for the shop's staff only.
  'order.action_required': OrderData,
};

/** Serializes a webhook's body once, because the signature covers these bytes. */
export const bodyOf = (type: WebhookEventType, { time, data }: { time: string; data: unknown }): string =>
  JSON.stringify({ type, timestamp: time, data: SHAPES[type].parse(data) });
