import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import { Money } from '../../activities/money.ts';
import { Rejection } from '../../activities/order-status.ts';
import type { WebhookEventType } from '../../activities/webhook.ts';

const OrderNews = z.object({ orderId: z.uuid() });

/** What leaves the house about each event: a field that is not named here does not. */
const SHAPES: Readonly<Record<WebhookEventType, z.ZodObject>> = {
  'order.placed': OrderNews.extend({ total: Money }),
  'order.confirmed': OrderNews.extend({ total: Money, lines: z.array(StockLine) }),
  'order.rejected': OrderNews.extend({ rejection: Rejection }),
  'order.canceled': OrderNews,
  'order.shipped': OrderNews.extend({ trackingNumber: z.string().nullable() }),
  'order.delivered': OrderNews,
  'order.completed': OrderNews,
  'order.refunded': OrderNews.extend({ returnId: z.uuid(), refund: Money }),
  // Which step is stuck, and why, is for the people who see to it.
  'order.action_required': OrderNews,
};

/** A webhook's body, once and for all: what is signed are these bytes. */
export const bodyOf = (type: WebhookEventType, { time, data }: { time: string; data: unknown }): string =>
  JSON.stringify({ type, timestamp: time, data: SHAPES[type].parse(data) });
