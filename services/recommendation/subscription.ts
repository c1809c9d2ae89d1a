import { orderEvents } from '../../activities/order-events.ts';
import { subscription } from '../../platform/events/subscription.ts';
import type { RecommendationDatabase } from './database.ts';
import { learn, unlearn } from './learning.ts';

/** Counts confirmed orders and subtracts canceled ones. Returned products still count: the customer had wanted them. */
export const orders = subscription<typeof orderEvents, RecommendationDatabase>('order', orderEvents, {
  'order.confirmed': ({ time, data: { orderId, customerId, lines } }, transaction) =>
    learn(transaction, { orderId, customerId, skus: lines.map(({ sku }) => sku), confirmedAt: new Date(time) }),
  'order.canceled': ({ data: { orderId } }, transaction) => unlearn(transaction, orderId),
});
