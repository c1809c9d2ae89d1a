import { setTimeout as sleep } from 'node:timers/promises';
import type { StockLine } from '../../activities/identity.ts';
import { type Answer, type Api, codeOf } from '../api/client.ts';
import { type OrderRequest, PlacedOrder } from './order.ts';
import { z } from 'zod';

/** The API's considered no: asking again would change nothing. */
export class Declined extends Error {
  override readonly name = 'Declined';
  readonly code: string;

  constructor(answer: Answer) {
    super(codeOf(answer));
    this.code = codeOf(answer);
  }
}

// The API lets go after 30; asking for less leaves room for slow answers before our own time-out.
const PREFERRED_WAIT_SECONDS = 20;
const POLL_MS = 500;
// An order that no saga has settled for this long is left as it is, and counted so.
const PATIENCE_MS = 120_000;

const ReturnRef = z.object({ id: z.string(), status: z.string() });

/** Places an order and answers it once it is no longer pending, or as it is when that takes too long. */
export async function placeOrder(customer: Api, key: string, request: OrderRequest): Promise<PlacedOrder> {
  const answer = await customer({
    method: 'POST',
    path: '/v1/orders',
    headers: { 'idempotency-key': key, prefer: `wait=${PREFERRED_WAIT_SECONDS}` },
    body: request,
  });
  const order = understood(answer, [201, 202]);
  // A repeat is answered as the first time; much may have happened since.
  const stale = answer.headers.get('idempotent-replayed') === 'true';
  return order.status === 'pending' || stale ? until(customer, order.id, ({ status }) => status !== 'pending') : order;
}

export const readOrder = async (customer: Api, orderId: string): Promise<PlacedOrder> =>
  understood(await customer({ method: 'GET', path: `/v1/orders/${orderId}` }), [200]);

/** The order as soon as it is as hoped for, or as it is after two minutes. */
export async function until(
  customer: Api,
  orderId: string,
  hoped: (order: PlacedOrder) => boolean,
): Promise<PlacedOrder> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const order = await readOrder(customer, orderId);
    if (hoped(order) || Date.now() > deadline) return order;
    await sleep(POLL_MS);
  }
}

/** Calls an order off and answers it once that is done. */
export async function cancelOrder(customer: Api, key: string, orderId: string): Promise<PlacedOrder> {
  const answer = await customer({
    method: 'POST',
    path: `/v1/orders/${orderId}/cancel`,
    headers: { 'idempotency-key': key },
    body: { reason: 'canceled by the shop' },
  });
  if (answer.status !== 202 && answer.status !== 200) throw new Declined(answer);
  return until(customer, orderId, ({ status }) => status === 'canceled' || status === 'requires_action');
}

export interface GoodsBack {
  key: string;
  orderId: string;
  lines: StockLine[];
}

/** Sends goods back as the customer and takes them in, as good as new, as an admin. */
export async function returnGoods(customer: Api, admin: Api, { key, orderId, lines }: GoodsBack): Promise<void> {
  const asked = await customer({
    method: 'POST',
    path: `/v1/orders/${orderId}/returns`,
    headers: { 'idempotency-key': `${key}-ask` },
    body: { lines, reason: 'sent back to the shop' },
  });
  if (asked.status !== 201 && asked.status !== 202) throw new Declined(asked);
  const { id } = ReturnRef.parse(asked.body);
  const received = await admin({
    method: 'POST',
    path: `/v1/returns/${id}/receive`,
    headers: { 'idempotency-key': `${key}-receive` },
    body: { lines: lines.map((line) => ({ ...line, condition: 'resellable' })) },
  });
  // Its goods are in already where an earlier run was interrupted after this step.
  if (received.status >= 400 && codeOf(received) !== 'AlreadyReceived') throw new Declined(received);
}

function understood(answer: Answer, statuses: readonly number[]): PlacedOrder {
  if (!statuses.includes(answer.status)) throw new Declined(answer);
  return PlacedOrder.parse(answer.body);
}
