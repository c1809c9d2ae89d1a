import { orderEvents } from '../../activities/order.ts';
import { subscription } from '../../platform/events/subscription.ts';
import type { RecommendationDatabase } from './database.ts';
import { learn, unlearn } from './learning.ts';

/** Learns from what was bought, and no longer from what was called off. What was sent back was wanted all the same. */
export const orders = subscription<typeof orderEvents, RecommendationDatabase>('order', orderEvents, {
  'order.confirmed': ({ time, data: { orderId, customerId, lines } }, work) =>
    learn(work, { orderId, customerId, skus: lines.map(({ sku }) => sku), confirmedAt: new Date(time) }),
  'order.canceled': ({ data: { orderId } }, work) => unlearn(work, orderId),
});
