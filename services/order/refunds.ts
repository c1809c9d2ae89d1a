import { type Kysely, sql } from 'kysely';
import type { OrderActivities } from '../../activities/order.ts';
import type { ReceivedLine, ReturnStatus } from '../../activities/return.ts';
import { type OrderRow, type OrderSettings, type Work, announce, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { lockedOrder, stillWithCustomer } from './returns.ts';
import { paymentBecomes } from './statuses.ts';

/** What the return workflow writes down. */
export const createReturnActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'receiveReturn' | 'refundReturn' | 'expireReturn'> => ({
  async receiveReturn({ returnId, lines, ...note }) {
    return db.transaction().execute(async (work) => {
      const order = await lockedOrder(work, note.orderId);
      await work
        .updateTable('returns')
        .set({
          status: 'received',
          received: JSON.stringify(lines),
          refund_minor: paidFor(order, lines),
          updated_at: sql`now()`,
        })
        .where('id', '=', returnId)
        .where('status', '=', 'requested')
        .execute();
      await writeHistory(work, note);
      return { refund: { amountMinor: await refundOf(work, returnId), currency: order.currency } };
    });
  },

  async refundReturn({ returnId, ...note }) {
    await db.transaction().execute(async (work) => {
      const order = await lockedOrder(work, note.orderId);
      await writeHistory(work, note);
      if (!(await closeReturn(work, returnId, { from: 'received', to: 'refunded' }))) return;
      const refund = { amountMinor: await refundOf(work, returnId), currency: order.currency };
      await bookRefund(work, order, refund.amountMinor);
      await announce(work, order, 'order.refunded', { returnId, refund });
    });
    settings.moved(note.orderId);
  },

  async expireReturn({ returnId, ...note }) {
    await db.transaction().execute(async (work) => {
      await writeHistory(work, note);
      // Goods that have come stay counted, whoever may take this return up again.
      await closeReturn(work, returnId, { from: 'requested', to: 'expired' });
    });
  },
});

/** What these pieces cost when they were bought. */
function paidFor(order: OrderRow, lines: readonly ReceivedLine[]): number {
  const prices = new Map(order.lines.map(({ sku, unitPrice }) => [sku, unitPrice.amountMinor]));
  return lines.reduce((sum, { sku, quantity }) => {
    const price = prices.get(sku);
    if (price === undefined) throw new Error(`order ${order.id} has no ${sku} that could come back`);
    return sum + price * quantity;
  }, 0);
}

/** What is due for a return since its goods came: fixed by what came first. */
async function refundOf(work: Work, returnId: string): Promise<number> {
  const { refund_minor } = await work
    .selectFrom('returns')
    .select('refund_minor')
    .where('id', '=', returnId)
    .executeTakeFirstOrThrow();
  if (refund_minor === null) throw new Error(`nothing has come back for return ${returnId}`);
  return refund_minor;
}

/** Whether the return was closed now; false where that happened before. */
async function closeReturn(
  work: Work,
  returnId: string,
  { from, to }: { from: ReturnStatus; to: ReturnStatus },
): Promise<boolean> {
  const { numUpdatedRows } = await work
    .updateTable('returns')
    .set({ status: to, updated_at: sql`now()` })
    .where('id', '=', returnId)
    .where('status', '=', from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The order's statuses follow from what has come back and been paid back so far. */
async function bookRefund(work: Work, order: OrderRow, refundMinor: number): Promise<void> {
  const kept = await stillWithCustomer(work, order, ['received', 'refunded']);
  const everything = [...kept.values()].every((quantity) => quantity === 0);
  const refundedMinor = order.refunded_minor + refundMinor;
  await work
    .updateTable('orders')
    .set({
      refunded_minor: refundedMinor,
      ...paymentBecomes(refundedMinor === order.total_minor ? 'refunded' : 'partially_refunded'),
      fulfillment_status: everything ? 'returned' : 'partially_returned',
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', order.id)
    .execute();
}
