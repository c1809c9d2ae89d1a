import type { Order, OrderRequests } from '../../activities/order.ts';
import { type OrderView, viewOf } from './view.ts';

/** Orders as staff see them: with the contacts of their customers, as far as they are known. */
export async function staffViewsOf(
  orders: Pick<OrderRequests, 'getContacts'>,
  page: readonly Order[],
  reader: { id: string },
): Promise<OrderView[]> {
  if (page.length === 0) return [];
  const customerIds = [...new Set(page.map(({ customerId }) => customerId))];
  const { items } = await orders.getContacts({ customerIds });
  const contacts = new Map(items.map(({ customerId, email, name }) => [customerId, { email, name }]));
  return page.map((order) => {
    const contact = contacts.get(order.customerId);
    return { ...viewOf(order, reader), ...(contact && { contact }) };
  });
}
