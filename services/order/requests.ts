import { isDeepStrictEqual } from 'node:util';
import { type Kysely, sql } from 'kysely';
import type { Lane } from '../../activities/lane.ts';
import { type DraftOrder, type Order, type OrderRequests, orderRefusal } from '../../activities/order.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import type { Tail } from '../../platform/events/tail.ts';
import { createBacklogRequests } from './backlog.ts';
import { createReconciliationRequests } from './reconciliation.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionRequests } from './interventions.ts';
import { createReturnRequests, returnableAmong } from './returns.ts';
import { createHistoryRequests, historyTail } from './history.ts';
import { historyView, orderView } from './views.ts';
import type { OrderWatcher } from './order-watcher.ts';

export interface OrderRequestOptions {
  waiting: OrderWatcher;
  /** The lane of orders drafted from now on. */
  lane: Lane;
  /** Waits for new history entries; creates its own if absent. */
  tail?: Tail;
}

/** The order service's requests; see the contract for what each one guarantees. */
export function createOrderRequests(
  db: Kysely<OrderDatabase>,
  { waiting, lane, tail = historyTail(db) }: OrderRequestOptions,
): OrderRequests {
  return {
    async draftOrder(request) {
      const inserted = await insertDraft(db, request);
      if (inserted) return { order: await viewOf(db, inserted), recorded: false, lane };
      const stored = await findOrder(db, request.orderId);
      if (!isSameRequest(stored, request)) {
        throw orderRefusal(
          'OrderDiffers',
          'an order with different lines, address or payment method was already placed with this key',
        );
      }
      return { order: await viewOf(db, stored), recorded: stored.recorded_at !== null, lane };
    },

    getOrder: async ({ orderId }) => viewOf(db, await findOrder(db, orderId)),

    async getOrders({ orderIds }) {
      const rows = await db
        .selectFrom('orders')
        .selectAll()
        .where('id', '=', sql<string>`any(${orderIds}::uuid[])`)
        .execute();
      return { items: await viewsOf(db, rows) };
    },

    async awaitOrder({ orderId, patienceMs }) {
      const decided = await waiting.waitUntil(orderId, patienceMs, () => findDecided(db, orderId));
      return viewOf(db, decided ?? (await findOrder(db, orderId)));
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
      return { items: await viewsOf(db, items), next };
    },

    async getHistory({ orderId }) {
      await findOrder(db, orderId);
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
    ...createReconciliationRequests(db),
    ...createBacklogRequests(db),
  };
}

/** The orders as callers see them. Asks for returns only where an order can have some. */
async function viewsOf(db: Kysely<OrderDatabase>, rows: OrderRow[]): Promise<Order[]> {
  const returnable = await returnableAmong(db, rows);
  return rows.map((row) => orderView(row, returnable.has(row.id)));
}

const viewOf = async (db: Kysely<OrderDatabase>, row: OrderRow): Promise<Order> => (await viewsOf(db, [row]))[0]!;

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

/** Prices are not compared: the catalogue's prices at the first request are kept. */
const isSameRequest = (stored: OrderRow, request: DraftOrder): boolean =>
  stored.customer_id === request.customerId &&
  stored.payment_method === request.paymentMethod &&
  isDeepStrictEqual(stored.shipping_address, asStored(request.shippingAddress)) &&
  isDeepStrictEqual(stored.lines.map(skuAndQuantity), request.lines.map(skuAndQuantity));

/** jsonb does not distinguish between absent and undefined. */
const asStored = (address: DraftOrder['shippingAddress']): unknown => JSON.parse(JSON.stringify(address));

const skuAndQuantity = ({ sku, quantity }: { sku: string; quantity: number }) => ({ sku, quantity });

async function findOrder(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderRow> {
  const order = await db.selectFrom('orders').selectAll().where('id', '=', orderId).executeTakeFirst();
  return order ?? notFound(orderId);
}

/** Undefined while the order is pending: a wholesale order's lines are 400 KB, and nobody needs them yet. */
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

/** Returns which of these orders are no longer pending, in one query. */
export const decidedAmong =
  (db: Kysely<OrderDatabase>) =>
  async (orderIds: string[]): Promise<string[]> => {
    if (orderIds.length === 0) return [];
    const { rows } = await sql<{ id: string }>`
      select id from orders where id = any(${orderIds}::uuid[]) and status <> 'pending'`.execute(db);
    return rows.map(({ id }) => id);
  };

function notFound(orderId: string): never {
  throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
}
