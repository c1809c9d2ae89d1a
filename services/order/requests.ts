import { isDeepStrictEqual } from 'node:util';
import { type Kysely, sql } from 'kysely';
import type { OrderStatus } from '../../activities/order-status.ts';
import type { DraftOrder, OrderRequests } from '../../activities/order.ts';
import { decodeAge, encodeAge } from '../../platform/cursor.ts';
import { Refusal } from '../../platform/refusal.ts';
import { createBookRequests } from './books.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionRequests } from './interventions.ts';
import { createReturnRequests } from './returns.ts';
import { historyView, orderView } from './views.ts';
import type { Waiting } from './waiting.ts';

/** What the order service answers at its door; see the contract for what each promises. */
export function createOrderRequests(db: Kysely<OrderDatabase>, waiting: Waiting): OrderRequests {
  return {
    async draftOrder(request) {
      const inserted = await insertDraft(db, request);
      if (inserted) return { order: orderView(inserted), recorded: false };
      const kept = await find(db, request.orderId);
      if (!isSame(kept, request)) {
        throw new Refusal('OrderDiffers', 'an order with other lines, address or payment was placed under this key');
      }
      return { order: orderView(kept), recorded: kept.recorded_at !== null };
    },

    getOrder: async ({ orderId }) => orderView(await find(db, orderId)),

    async awaitOrder({ orderId, patienceMs }) {
      await waiting.until(orderId, patienceMs, async () => {
        const status = await statusOf(db, orderId);
        return status === 'pending' ? undefined : status;
      });
      return orderView(await find(db, orderId));
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
      if (after) {
        const { at, id } = decodeAge(after);
        query = query.where(sql<boolean>`(created_at, id) < (${at}, ${id}::uuid)`);
      }
      const rows = await query.execute();
      const last = rows[limit - 1];
      return {
        items: rows.slice(0, limit).map(orderView),
        next: rows.length > limit && last ? encodeAge({ at: last.created_at, id: last.id }) : null,
      };
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

    ...createInterventionRequests(db),
    ...createReturnRequests(db),
    ...createBookRequests(db),
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

/** Without the lines, which of a wholesale order are 400 KB. */
async function statusOf(db: Kysely<OrderDatabase>, orderId: string): Promise<OrderStatus> {
  const order = await db.selectFrom('orders').select('status').where('id', '=', orderId).executeTakeFirst();
  return order?.status ?? notFound(orderId);
}

function notFound(orderId: string): never {
  throw new Refusal('OrderNotFound', `there is no order ${orderId}`);
}
