import { setTimeout as sleep } from 'node:timers/promises';
import type { StockLine } from '../../activities/identity.ts';
import type { Client } from '../../clients/typescript/index.ts';
import { type Answer, codeOf } from '../api/client.ts';
import { answerOf } from '../api/typed.ts';
import type { OrderRequest, PlacedOrder } from './order.ts';

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

/** Places an order and answers it once it is no longer pending, or as it is when that takes too long. */
export async function placeOrder(customer: Client, key: string, request: OrderRequest): Promise<PlacedOrder> {
  const answer = await customer.POST('/v1/orders', {
    params: { header: { 'Idempotency-Key': key, Prefer: `wait=${PREFERRED_WAIT_SECONDS}` } },
    body: request,
  });
  const order = granted(answer);
  // A repeat is answered as the first time; much may have happened since.
  const stale = answer.response.headers.get('idempotent-replayed') === 'true';
  return order.status === 'pending' || stale ? until(customer, order.id, ({ status }) => status !== 'pending') : order;
}

export const readOrder = async (customer: Client, orderId: string): Promise<PlacedOrder> =>
  granted(await customer.GET('/v1/orders/{orderId}', { params: { path: { orderId } } }));

/** The order as soon as it is as hoped for, or as it is after two minutes. */
export async function until(
  customer: Client,
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
export async function cancelOrder(customer: Client, key: string, orderId: string): Promise<PlacedOrder> {
  const answer = await customer.POST('/v1/orders/{orderId}/cancel', {
    params: { path: { orderId }, header: { 'Idempotency-Key': key } },
    body: { reason: 'canceled by the shop' },
  });
  granted(answer);
  return until(customer, orderId, ({ status }) => status === 'canceled' || status === 'requires_action');
}

export interface GoodsBack {
  key: string;
  orderId: string;
  lines: StockLine[];
}

/** Sends goods back as the customer and takes them in, as good as new, as an admin. */
export async function returnGoods(customer: Client, admin: Client, { key, orderId, lines }: GoodsBack): Promise<void> {
  const asked = await customer.POST('/v1/orders/{orderId}/returns', {
    params: { path: { orderId }, header: { 'Idempotency-Key': `${key}-ask` } },
    body: { lines, reason: 'sent back to the shop' },
  });
  const { id: returnId } = granted(asked);
  const received = await admin.POST('/v1/returns/{returnId}/receive', {
    params: { path: { returnId }, header: { 'Idempotency-Key': `${key}-receive` } },
    body: { lines: lines.map((line) => ({ ...line, condition: 'resellable' as const })) },
  });
  // Its goods are in already where an earlier run was interrupted after this step.
  if (received.error?.code !== 'AlreadyReceived') granted(received);
}

function granted<Data>(answer: { data?: Data; error?: unknown; response: Response }): Data {
  if (answer.data === undefined) throw new Declined(answerOf(answer));
  return answer.data;
}
