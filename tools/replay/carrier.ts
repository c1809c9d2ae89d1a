import type { Client } from '../../clients/typescript/index.ts';
import type { Api } from '../api/client.ts';
import { RequestRefused } from '../api/typed-client.ts';
import type { PlacedOrder } from './order.ts';
import { pollOrder } from './orders-api.ts';

/** ChangedOrders an order's parcel at the sandbox carrier until it is delivered, and waits until the order shows it. */
export async function deliverParcel(carrier: Api, customer: Client, order: PlacedOrder): Promise<PlacedOrder> {
  let current = order;
  if (current.fulfillmentStatus === 'booked') {
    current = await advance(carrier, customer, current, ({ fulfillmentStatus }) => fulfillmentStatus !== 'booked');
  }
  if (current.fulfillmentStatus === 'shipped') {
    current = await advance(carrier, customer, current, ({ fulfillmentStatus }) => fulfillmentStatus !== 'shipped');
  }
  return current;
}

async function advance(
  carrier: Api,
  customer: Client,
  { id, trackingNumber }: PlacedOrder,
  hasMoved: (order: PlacedOrder) => boolean,
): Promise<PlacedOrder> {
  const response = await carrier({
    method: 'POST',
    path: `/shipments/${encodeURIComponent(trackingNumber ?? '')}/advance`,
  });
  // 409: the parcel cannot move further; the order will show it soon.
  if (response.status >= 400 && response.status !== 409) throw new RequestRefused(response);
  return pollOrder(customer, id, hasMoved);
}
