import { isDeepStrictEqual } from 'node:util';
import { type Kysely, sql } from 'kysely';
import type { Lane } from '../../activities/lane.ts';
import type { DraftOrder, OrderRequests } from '../../activities/order.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import type { Tail } from '../../platform/events/tail.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { createBacklogRequests } from './backlog.ts';
import { createBookRequests } from './reconciliation.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionRequests } from './interventions.ts';
import { createReturnRequests } from './returns.ts';
import { createHistoryRequests, historyTail } from './history-requests.ts';
import { historyView, orderView } from './views.ts';
import type { Waiting } from './waiting.ts';

export interface OrderDoor {
  waiting: Waiting;
  /** How orders are carried that are placed now. */
  lane: Lane;
  /** Waits for stories to grow; one of its own where absent. */
  tail?: Tail;
}

/** What the order service answers at its door; see the contract for what each promises. */
export function createOrderRequests(
  db: Kysely<OrderDatabase>,
  { waiting, lane, tail = historyTail(db) }: OrderDoor,
): OrderRequests {
  return {
    async draftOrder(request) {
      const inserted = await insertDraft(db, request);
      if (inserted) return { order: orderView(inserted), recorded: false, lane };
      const kept = await find(db, request.orderId);
      if (!isSame(kept, request)) {
        throw new Refusal('OrderDiffers', 'an order with other lines, address or payment was placed under this key');
      }
      return { order: orderView(kept), recorded: kept.recorded_at !== null, lane };
    },

    getOrder: async ({ orderId }) => orderView(await find(db, orderId)),

    async getOrders({ orderIds }) {
      const rows = await db
        .selectFrom('orders')
        .selectAll()
        .where('id', '=', sql<string>`any(${orderIds}::uuid[])`)
        .execute();
      return { items: rows.map(orderView) };
    },

    async awaitOrder({ orderId, patienceMs }) {
      const decided = await waiting.until(orderId, patienceMs, () => findDecided(db, orderId));
      return orderView(decided ?? (await find(db, orderId)));
    },

    async listOrders({ customerId, status, after, limit }) {
      let query = db
        .selectFrom('orders')
        .selectAll()
        .where('recorded_at', 'is not', null)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (customerId) query = query.where('customer_id', '=', customerId);
      if (status) query = query.where('status', '=', status);
      if (after) query = query.where(olderThan(after, 'created_at'));
      const { items, next } = pageByAge(await query.execute(), limit, (row) => row.created_at);
      return { items: items.map(orderView), next };
    },

    async getHistory({ orderId }) {
      await find(db, orderId);
      const rows = await db
        .selectFrom('order_history')
        .select(['at', 'step', 'outcome', 'attempt', 'detail'])
        .where('order_id', '=', orderId)
        .orderBy('position')
        .execute();
      return { items: rows.map(historyView) };
    },

    ...createHistoryRequests(db, tail),
    ...createInterventionRequests(db),
    ...createReturnRequests(db),
    ...createBookRequests(db),
    ...createBacklogRequests(db),
  };
}

const insertDraft = (db: Kysely<OrderDatabase>, request: DraftOrder) =>
  db
    .insertInto('orders')
    .values({
      id: request.orderId,
      customer_id: request.customerId,
      lines: JSON.stringify(request.lines),
      total_minor: request.total.amountMinor,
      currency: request.total.currency,
      shipping_address: JSON.stringify(request.shippingAddress),
      payment_method: request.paymentMethod,
      resume_status: null,
      resume_payment_status: null,
      rejection: null,
      tracking_number: null,
      returnable_until: null,
      recorded_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();

/** Prices are not compared: they are the catalogue's at the first asking, and stay. */
const isSame = (kept: OrderRow, request: DraftOrder): boolean =>
  kept.customer_id === request.customerId &&
  kept.payment_method === request.paymentMethod &&
  isDeepStrictEqual(kept.shipping_address, asKept(request.shippingAddress)) &&
  isDeepStrictEqual(kept.lines.map(pieces), request.lines.map(pieces));

/** What is absent and what is undefined are one in jsonb. */
const asKept = (address: DraftOrder['shippingAddress']): unknown => JSON.parse(JSON.stringify(address));

const pieces = ({ sku, quantity }: { sku: string; quantity: number }) => ({ sku, quantity });

async function find(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderRow> {
  const order = await db.selectFrom('orders').selectAll().where('id', '=', orderId).executeTakeFirst();
  return order ?? notFound(orderId);
}

/** Undefined while it is pending: of a wholesale order the lines are 400 KB, and nobody wants to see them yet. */
async function findDecided(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderRow | undefined> {
  const row = await db
    .selectFrom('orders as known')
    .leftJoin('orders as decided', (join) =>
      join.onRef('decided.id', '=', 'known.id').on('decided.status', '<>', 'pending'),
    )
    .selectAll('decided')
    .where('known.id', '=', orderId)
    .executeTakeFirst();
  if (!row) notFound(orderId);
  return row.id === null ? undefined : (row as OrderRow);
}

/** Which of these are not pending, by one read however many they are. */
export const decidedAmong =
  (db: Kysely<OrderDatabase>) =>
  async (orderIds: string[]): Promise<string[]> => {
    if (orderIds.length === 0) return [];
    const { rows } = await sql<{ id: string }>`
      select id from orders where id = any(${orderIds}::uuid[]) and status <> 'pending'`.execute(db);
    return rows.map(({ id }) => id);
  };

function notFound(orderId: string): never {
  throw new Refusal('OrderNotFound', `there is no order ${orderId}`);
}
