import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { signatureOf } from '../../platform/http/signed-body.ts';
import { sendRequest } from './api-client.ts';
import type { Platform } from './test-platform.ts';

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

/** Confirms a payment as the card's holder, or refuses to. Returns the processor's answer. */
export const authenticate = (
  { processor }: Platform,
  orderId: string,
  outcome: 'succeeded' | 'failed',
): Promise<{ status: number; body: unknown }> =>
  sendRequest({ method: 'POST', url: `${processor}/payments/${orderId}/authenticate`, body: { outcome } });

/** Has the processor send the event about what the card's holder did, again if it was sent before. */
export async function tell({ processor }: Platform, orderId: string): Promise<void> {
  const { status, body } = await sendRequest({ method: 'POST', url: `${processor}/payments/${orderId}/tell` });
  assert.equal(status, 202, JSON.stringify(body));
}

/** The card's bank releases what the order's newest hold still holds, and the processor tells of it. */
export async function expire({ processor }: Platform, orderId: string): Promise<void> {
  const { status, body } = await sendRequest({ method: 'POST', url: `${processor}/payments/${orderId}/expire` });
  assert.equal(status, 200, JSON.stringify(body));
}

/** Decides the dispute of a payment as the card's bank. */
export async function decideDispute({ processor }: Platform, orderId: string, outcome: 'won' | 'lost'): Promise<void> {
  const url = `${processor}/payments/${orderId}/dispute`;
  const { status, body } = await sendRequest({ method: 'POST', url, body: { outcome } });
  assert.equal(status, 200, JSON.stringify(body));
}

interface Tracked {
  trackingNumber?: string | undefined;
}
type Detour = 'delayed' | 'lost' | 'returned_to_sender';

/** Moves a parcel, or an order's only one, one step forward at the sandbox carrier, or to where it does not arrive. */
export async function advance(platform: Platform, tracked: Tracked, to?: Detour): Promise<void> {
  const { status, body } = await tryToAdvance(platform, tracked, to);
  assert.equal(status, 200, JSON.stringify(body));
}

/** The same where the carrier may refuse. */
export const tryToAdvance = (
  { carrier }: Platform,
  { trackingNumber }: Tracked,
  to?: Detour,
): Promise<{ status: number; body: unknown }> => {
  const url = `${carrier}/shipments/${trackingNumber}/advance`;
  return sendRequest({ method: 'POST', url, ...(to && { body: { to } }) });
};

/** The parcels of an order as the carrier knows them, in the sequence of their bookings. */
export async function parcelsAtCarrier(
  { carrier }: Platform,
  orderId: string,
): Promise<{ parcelId: string; trackingNumber: string; status: string }[]> {
  const url = `${carrier}/shipments?orderId=${orderId}`;
  return (await sendRequest<{ items: Awaited<ReturnType<typeof parcelsAtCarrier>> }>({ method: 'GET', url })).body
    .items;
}

/** Reports a movement as the carrier does, with its signature. Returns the response's status. */
export async function reportMovement(
  { api, carrierSecret: secret }: Platform,
  movement: { trackingNumber: string; type: 'dispatched' | 'delivered' },
): Promise<number> {
  const body = JSON.stringify({ id: randomUUID(), at: new Date().toISOString(), ...movement });
  const headers = { 'content-type': 'application/json', 'carrier-signature': signatureOf(secret, body) };
  return (await fetch(`${api}/v1/callbacks/carrier`, { method: 'POST', body, headers })).status;
}

async function ledger<Item>(url: string, orderId: string): Promise<Item[]> {
  const { body } = await sendRequest<{ items: Item[] }>({ method: 'GET', url: `${url}/ledger?orderId=${orderId}` });
  return body.items;
}
