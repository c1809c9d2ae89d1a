import assert from 'node:assert/strict';
import { sendRequest } from './api-client.ts';
import type { Platform } from './test-platform.ts';
import type { Order } from './shop-users.ts';

export interface MoneyEntry {
  orderId: string;
  type: 'authorization' | 'capture' | 'void' | 'refund';
  amountMinor: number;
}

/** An order's entries in the card processor's own ledger. */
export const money = ({ processor }: Platform, orderId: string): Promise<MoneyEntry[]> => ledger(processor, orderId);

/** The same as text: `authorization 1250`. */
export const moneyInWords = async (platform: Platform, orderId: string): Promise<string[]> =>
  (await money(platform, orderId)).map(({ type, amountMinor }) => `${type} ${amountMinor}`);

/** The types of an order's entries in the carrier's own ledger. */
export const parcel = async ({ carrier }: Platform, orderId: string): Promise<string[]> =>
  (await ledger<{ type: string }>(carrier, orderId)).map(({ type }) => type);

/** ChangedOrders an order's parcel one step forward at the sandbox carrier. */
export async function advance({ carrier }: Platform, { trackingNumber }: Order): Promise<void> {
  const { status, body } = await sendRequest({ method: 'POST', url: `${carrier}/shipments/${trackingNumber}/advance` });
  assert.equal(status, 200, JSON.stringify(body));
}

async function ledger<Item>(url: string, orderId: string): Promise<Item[]> {
  const { body } = await sendRequest<{ items: Item[] }>({ method: 'GET', url: `${url}/ledger?orderId=${orderId}` });
  return body.items;
}
