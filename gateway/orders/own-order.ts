import { z } from 'zod';
import type { Order, OrderRequests } from '../../activities/order.ts';
import type { Caller } from '../../platform/http/route.ts';
import { idOr404, notFound } from '../path-ids.ts';

export const OrderPath = z.object({ orderId: z.string() });

/**
 * Reads an order that the caller may see. Staff may see all, by the routes that say so. An order of somebody else gets
 * the same 404 as one that does not exist.
 */
export async function ownOrder(orders: OrderRequests, orderId: string, { id, isStaff }: Caller): Promise<Order> {
  const order = await orders.getOrder({ orderId: idOr404(orderId, 'OrderNotFound') });
  if (!isStaff && order.customerId !== id) throw notFound('OrderNotFound');
  return order;
}
