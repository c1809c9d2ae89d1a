import type { Client } from '../../clients/typescript/index.ts';
import type { Api } from '../api/client.ts';
import type { PlacedOrder } from './order.ts';
import { Declined, until } from './shop-floor.ts';

/** Moves an order's parcel to its receiver as the carrier's own people would, waiting for the news to arrive. */
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
  arrived: (order: PlacedOrder) => boolean,
): Promise<PlacedOrder> {
  const answer = await carrier({
    method: 'POST',
    path: `/shipments/${encodeURIComponent(trackingNumber ?? '')}/advance`,
  });
  // 409: it has gone as far as it can, and only the news of it is still on its way.
  if (answer.status >= 400 && answer.status !== 409) throw new Declined(answer);
  return until(customer, id, arrived);
}
