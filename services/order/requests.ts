import { type Kysely, sql } from 'kysely';
import { type Order, type OrderRequests, orderRefusal } from '../../activities/order.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import type { Tail } from '../../platform/events/tail.ts';
import { createBacklogRequests } from './backlog.ts';
import { createContactRequests } from './contacts.ts';
import { createNoteRequests } from './notes.ts';
import { createReportRequests } from './sales-report.ts';
import { createSearchRequests } from './search-requests.ts';
import { createReconciliationRequests } from './reconciliation.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { type PlacingOptions, createPlacingRequests } from './placing.ts';
import { createInterventionRequests } from './interventions.ts';
import { createParcelRequests } from './parcel-requests.ts';
import { parcelsOf } from './parcels.ts';
import { createRefundRequests } from './refunds.ts';
import { createReturnRequests, returnableAmong } from './returns.ts';
import { createHistoryRequests, historyTail } from './history.ts';
import { createFindingRequests } from './reconcile/finding-requests.ts';
import type { Sources } from './reconcile/sources.ts';
import { historyView, orderView } from './views.ts';
import type { OrderWatcher } from './order-watcher.ts';

export interface OrderRequestOptions extends Omit<PlacingOptions, 'viewOf' | 'findOrder'> {
  waiting: OrderWatcher;
  /** Waits for new history entries; creates its own if absent. */
  tail?: Tail;
  /** Called after each request for a refund. */
  refundRequested?: () => void;
  /** Opens the books of all services, to compare them with this one's. */
  openBooks?: () => Promise<Sources>;
}

/** The order service's requests; see the contract for what each one guarantees. */
export function createOrderRequests(
  db: Kysely<OrderDatabase>,
  { waiting, tail = historyTail(db), refundRequested = nothing, openBooks = noBooks, ...placing }: OrderRequestOptions,
): OrderRequests {
  const interventions = createInterventionRequests(db);
  return {
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

    ...createPlacingRequests(db, {
      ...placing,
      viewOf: (row) => viewOf(db, row),
      findOrder: (orderId) => findOrder(db, orderId),
    }),
    ...createSearchRequests(db, (rows) => viewsOf(db, rows)),
    ...createContactRequests(db),
    ...createNoteRequests(db),
    ...createReportRequests(db),
    ...createHistoryRequests(db, tail),
    ...interventions,
    ...createFindingRequests(db, openBooks, interventions.getIntervention),
    ...createParcelRequests(db),
    ...createReturnRequests(db),
    ...createRefundRequests(db, refundRequested),
    ...createReconciliationRequests(db),
    ...createBacklogRequests(db),
  };
}

const nothing = (): void => undefined;

const noBooks = async (): Promise<never> => {
  throw new Error('this order service knows no other books');
};

/** The orders as callers see them. Asks for parcels and returns only where an order can have some. */
async function viewsOf(db: Kysely<OrderDatabase>, rows: OrderRow[]): Promise<Order[]> {
  const parcels = await parcelsOf(db, rows);
  const returnable = await returnableAmong(db, rows, parcels);
  return rows.map((row) => orderView(row, { returnable: returnable.has(row.id), parcels: parcels.get(row.id)! }));
}

const viewOf = async (db: Kysely<OrderDatabase>, row: OrderRow): Promise<Order> => (await viewsOf(db, [row]))[0]!;

async function findOrder(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderRow> {
  const order = await db.selectFrom('orders').selectAll().where('id', '=', orderId).executeTakeFirst();
  return order ?? notFound(orderId);
}

/** Undefined while the order is being placed: a wholesale order's lines are 400 KB, and nobody needs them yet. */
async function findDecided(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderRow | undefined> {
  const row = await db
    .selectFrom('orders as known')
    .leftJoin('orders as decided', (join) => join.onRef('decided.id', '=', 'known.id').on(mattersToCustomer('decided')))
    .selectAll('decided')
    .where('known.id', '=', orderId)
    .executeTakeFirst();
  if (!row) notFound(orderId);
  return row.id === null ? undefined : (row as OrderRow);
}

/** It is decided, or its customer must act. */
const mattersToCustomer = (table: string) => sql<boolean>`
  (${sql.ref(`${table}.status`)} <> 'pending' or ${sql.ref(`${table}.payment_status`)} = 'awaiting_customer')`;

/** Returns which of these orders are decided or wait for their customers, in one query. */
export const decidedAmong =
  (db: Kysely<OrderDatabase>) =>
  async (orderIds: string[]): Promise<string[]> => {
    if (orderIds.length === 0) return [];
    const { rows } = await sql<{ id: string }>`
      select id from orders where id = any(${orderIds}::uuid[]) and ${mattersToCustomer('orders')}`.execute(db);
    return rows.map(({ id }) => id);
  };

function notFound(orderId: string): never {
  throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
}
