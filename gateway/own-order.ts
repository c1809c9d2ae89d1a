import { z } from 'zod';
import type { Order, OrderRequests } from '../activities/order.ts';
import { Problem } from '../platform/http/problem.ts';
import type { Caller } from '../platform/http/route.ts';

/** The path of anything that belongs to one order. */
export const OrderPath = z.object({ orderId: z.string() });

/** The order, if it is this caller's to see. Somebody else's is answered like one that does not exist: 404. */
export async function ownOrder(orders: OrderRequests, orderId: string, { id, role }: Caller): Promise<Order> {
  const order = await orders.getOrder({ orderId: idOr404(orderId, 'OrderNotFound') });
  if (role !== 'admin' && order.customerId !== id) throw notFound('OrderNotFound');
  return order;
}

/** Ids are opaque to callers: one that cannot be ours is simply not found. */
export function idOr404(id: string, code: `${string}NotFound`): string {
  if (!z.uuid().safeParse(id).success) throw notFound(code);
  return id.toLowerCase();
}

const notFound = (code: string): Problem => new Problem(404, code, 'there is none of this id, or it is not yours');
