import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import { type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { DraftRefund, Refund } from '../../activities/refund.ts';
import { type OrderRow, type OrderSettings, type Work, writeHistory, writeOrderEvent } from './bookkeeping.ts';
import type { OrderDatabase, RefundsTable } from './database.ts';
import { owedForReturns, paidBack, piecesNotPaidBack, priceOf, roomForRefunds, roomForReturns } from './money-back.ts';
import { refuseAboveLimit } from './refund-limit.ts';
import { lockOrder } from './returns.ts';

type RefundRow = Selectable<RefundsTable>;

/** Requests a refund without a return, and reads the refunds requested so far. `requested` is called after each request. */
export const createRefundRequests = (
  db: Kysely<OrderDatabase>,
  requested: () => void,
): Pick<OrderRequests, 'draftRefund' | 'listRefunds'> => ({
  async draftRefund(request) {
    const refund = await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, request.orderId);
      const stored = await work.selectFrom('refunds').selectAll().where('id', '=', request.refundId).executeTakeFirst();
      if (stored) return refundView(requireSame(stored, request, order), order.currency);
      const amountMinor = await amountOf(work, order, request);
      if (request.limit !== undefined) await refuseAboveLimit(work, order, { amountMinor, limit: request.limit });
      const row = await work
        .insertInto('refunds')
        .values({
          id: request.refundId,
          order_id: order.id,
          amount_minor: amountMinor,
          limited: request.limit !== undefined,
          lines: 'lines' in request.part ? JSON.stringify(request.part.lines) : null,
          reason: request.reason,
          note: request.note ?? null,
          requested_by: request.requestedBy,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return refundView(row, order.currency);
    });
    requested();
    return refund;
  },

  async listRefunds({ orderId }) {
    const order = await db.selectFrom('orders').select('currency').where('id', '=', orderId).executeTakeFirst();
    if (!order) throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
    const rows = await db
      .selectFrom('refunds')
      .selectAll()
      .where('order_id', '=', orderId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return { items: rows.map((row) => refundView(row, order.currency)) };
  },
});

/** What the refund workflow records. */
export const createRefundActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'endRefund'> => ({
  async endRefund({ refundId, outcome: decided, paid, ...note }) {
    await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      await writeHistory(work, note);
      // Of one that was given up, what the processor has paid was refunded.
      const outcome = paid ? 'refunded' : decided;
      const ended = await work
        .updateTable('refunds')
        .set({ status: outcome, ...(paid && { amount_minor: paid.amountMinor, lines: null }), updated_at: sql`now()` })
        .where('id', '=', refundId)
        .where('status', '=', 'requested')
        .returning('amount_minor')
        .executeTakeFirst();
      if (!ended) return;
      if (outcome === 'not_refunded') return topUpReturns(work, order);
      await work
        .updateTable('orders')
        .set({ ...paidBack(order, ended.amount_minor), version: sql`version + 1`, updated_at: sql`now()` })
        .where('id', '=', order.id)
        .execute();
      const refund = { amountMinor: ended.amount_minor, currency: order.currency };
      const manually = outcome === 'refunded_manually';
      await writeOrderEvent(work, order, 'order.refunded', { refundId, refund, ...(manually && { manually }) });
      if (paid) await topUpReturns(work, { ...order, refunded_minor: order.refunded_minor + paid.amountMinor });
    });
    settings.moved(note.orderId);
  },
});

/** Pays what returns are owed and did not get while the refund that was given up had reserved it. */
export async function topUpReturns(work: Work, order: OrderRow): Promise<void> {
  const amountMinor = Math.min(await owedForReturns(work, order), await roomForReturns(work, order));
  if (amountMinor === 0) return;
  await work
    .insertInto('refunds')
    .values({
      id: randomUUID(),
      order_id: order.id,
      amount_minor: amountMinor,
      lines: null,
      reason: 'requested_by_customer',
      note: 'for goods that came back while another refund was pending',
      requested_by: 'order service',
      tops_up_returns: true,
    })
    .execute();
}

/** The amount to give back. Refuses more than is left. */
async function amountOf(work: Work, order: OrderRow, { part }: DraftRefund): Promise<number> {
  if ('amount' in part && part.amount.currency !== order.currency) {
    throw orderRefusal('WrongCurrency', `this order was paid in ${order.currency}`);
  }
  const amountMinor = 'lines' in part ? await priceOfUnpaid(work, order, part.lines) : part.amount.amountMinor;
  const room = await roomForRefunds(work, order);
  if (amountMinor > room) {
    throw orderRefusal(
      'RefundTooLarge',
      `at most ${room} minor units of ${order.currency} of this order can still be refunded`,
    );
  }
  return amountMinor;
}

async function priceOfUnpaid(
  work: Work,
  order: OrderRow,
  lines: readonly { sku: string; quantity: number }[],
): Promise<number> {
  const left = await piecesNotPaidBack(work, order);
  for (const { sku, quantity } of lines) {
    const after = (left.get(sku) ?? 0) - quantity;
    if (after < 0) throw orderRefusal('TooMany', `at most ${left.get(sku) ?? 0} of ${sku} can be refunded`);
    left.set(sku, after);
  }
  const price = priceOf(order, lines);
  if (price === 0) throw orderRefusal('NothingToRefund', 'nothing was paid for these pieces');
  return price;
}

/** The refund as it was first requested. Refuses if this request has other contents. */
function requireSame(stored: RefundRow, request: DraftRefund, order: OrderRow): RefundRow {
  const { part } = request;
  const samePart =
    'lines' in part
      ? canonical(stored.lines) === canonical(part.lines)
      : stored.lines === null &&
        stored.amount_minor === part.amount.amountMinor &&
        order.currency === part.amount.currency;
  const sameWords = stored.reason === request.reason && stored.note === (request.note ?? null);
  if (stored.order_id === order.id && samePart && sameWords) return stored;
  throw orderRefusal('RefundDiffers', 'this refund was already requested with other contents');
}

/** jsonb does not preserve the order of keys. */
const canonical = (lines: RefundRow['lines']) => JSON.stringify(lines?.map(({ sku, quantity }) => [sku, quantity]));

const refundView = (row: RefundRow, currency: string): Refund => ({
  id: row.id,
  orderId: row.order_id,
  status: row.status,
  amount: { amountMinor: row.amount_minor, currency },
  lines: row.lines,
  reason: row.reason,
  note: row.note,
  requestedBy: row.requested_by,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
