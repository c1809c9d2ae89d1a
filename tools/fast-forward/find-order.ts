import { z } from 'zod';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { ToolError } from '../command-line.ts';

type Lookup = Pick<OrderRequests, 'searchOrders' | 'getOrders' | 'listReturns'>;

/**
 * The order with this number or id.
 * @throws {ToolError} there is none
 */
export async function findOrder(orders: Lookup, given: string): Promise<Order> {
  const [order] = await ordersWith(orders, given);
  return order ?? fail(`there is no order ${given}: ORDER is an order's number, such as 10042, or its id`);
}

async function ordersWith(orders: Lookup, given: string): Promise<Order[]> {
  if (/^\d{1,15}$/.test(given)) {
    return (await orders.searchOrders({ number: Number(given), limit: 1 })).items;
  }
  const id = z.uuid().safeParse(given.toLowerCase());
  return id.success ? (await orders.getOrders({ orderIds: [id.data] })).items : [];
}

/** The ids of the workflows in which the order's time passes: its own and those of its returns. */
export async function workflowsOf(orders: Lookup, { id: orderId }: Pick<Order, 'id'>): Promise<string[]> {
  const returns = await orders.listReturns({ orderId });
  return [`order-${orderId}`, ...returns.items.map(({ id }) => `return-${id}`)];
}

function fail(message: string): never {
  throw new ToolError(message);
}
