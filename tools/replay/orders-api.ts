import { setTimeout as sleep } from 'node:timers/promises';
import type { StockLine } from '../../activities/identity.ts';
import type { Client } from '../../clients/typescript/index.ts';
import { dataOf } from '../api/typed-client.ts';
import type { OrderRequest, PlacedOrder } from './order.ts';

// The API waits for at most 30 s; less leaves room for slow responses before our own timeout.
const PREFERRED_WAIT_SECONDS = 20;
const POLL_MS = 500;
// An order that has not reached the awaited state by then is counted as it is.
const POLL_TIMEOUT_MS = 120_000;

/** Places an order and returns it as soon as it is no longer pending, or after two minutes. */
export async function placeOrder(customer: Client, key: string, request: OrderRequest): Promise<PlacedOrder> {
  const result = await customer.POST('/v1/orders', {
    params: { header: { 'Idempotency-Key': key, Prefer: `wait=${PREFERRED_WAIT_SECONDS}` } },
    body: request,
  });
  const order = dataOf(result);
  // A repeat returns the first response, which may be out of date.
  const isStale = result.response.headers.get('idempotent-replayed') === 'true';
  const isDecided = ({ status }: PlacedOrder) => status !== 'pending';
  return isStale || !isDecided(order) ? pollOrder(customer, order.id, isDecided) : order;
}

export const readOrder = async (customer: Client, orderId: string): Promise<PlacedOrder> =>
  dataOf(await customer.GET('/v1/orders/{orderId}', { params: { path: { orderId } } }));

/** Reads an order until `isDone` holds, and returns it; after two minutes returns it as it is. */
export async function pollOrder(
  customer: Client,
  orderId: string,
  isDone: (order: PlacedOrder) => boolean,
): Promise<PlacedOrder> {
  const deadline = Date.now() + POLL_TIMEOUT_MS;
  for (;;) {
    const order = await readOrder(customer, orderId);
    if (isDone(order) || Date.now() > deadline) return order;
    await sleep(POLL_MS);
  }
}

/** Cancels an order and returns it once the cancellation has finished. */
export async function cancelOrder(customer: Client, key: string, orderId: string): Promise<PlacedOrder> {
  const result = await customer.POST('/v1/orders/{orderId}/cancel', {
    params: { path: { orderId }, header: { 'Idempotency-Key': key } },
    body: { reason: 'canceled by the shop' },
  });
  dataOf(result);
  return pollOrder(customer, orderId, ({ status }) => status === 'canceled' || status === 'requires_action');
}

export interface ReturnedGoods {
  key: string;
  orderId: string;
  lines: StockLine[];
}

/** Requests a return as the customer, then receives the goods as an admin, in resellable condition. */
export async function returnGoods(
  customer: Client,
  admin: Client,
  { key, orderId, lines }: ReturnedGoods,
): Promise<void> {
  const requested = await customer.POST('/v1/orders/{orderId}/returns', {
    params: { path: { orderId }, header: { 'Idempotency-Key': `${key}-ask` } },
    body: { lines, reason: 'sent back to the shop' },
  });
  const { id: returnId } = dataOf(requested);
  const received = await admin.POST('/v1/returns/{returnId}/receive', {
    params: { path: { returnId }, header: { 'Idempotency-Key': `${key}-receive` } },
    body: { lines: lines.map((line) => ({ ...line, condition: 'resellable' as const })) },
  });
  // An earlier run may have been interrupted after it received the goods.
  if (received.error?.code !== 'AlreadyReceived') dataOf(received);
}
