import { type Kysely, type UpdateObject, sql } from 'kysely';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { ReceivedLine, ReturnStatus } from '../../activities/return.ts';
import { type OrderRow, type OrderSettings, type Work, writeOrderEvent, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { owedForReturns, paidBack, roomForReturns } from './money-back.ts';
import { takenMinorOf } from './statuses.ts';
import { CAME_BACK, lockOrder, stillWithCustomer } from './returns.ts';

/** What the return workflow records. */
export const createReturnActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'receiveReturn' | 'refundReturn' | 'skipRefund' | 'expireReturn'> => ({
  async receiveReturn({ returnId, lines, ...note }) {
    const result = await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      const dueMinor = await refundFor(work, order, lines);
      const { numUpdatedRows } = await work
        .updateTable('returns')
        .set({
          status: 'received',
          received: JSON.stringify(lines),
          refund_minor: dueMinor,
          updated_at: sql`now()`,
        })
        .where('id', '=', returnId)
        .where('status', '=', 'requested')
        .executeTakeFirst();
      // The goods are back, whatever becomes of the money.
      if (numUpdatedRows === 1n) await changeOrder(work, order, {});
      await writeHistory(work, note);
      return { refund: { amountMinor: await refundDueFor(work, returnId), currency: order.currency } };
    });
    settings.moved(note.orderId);
    return result;
  },

  async refundReturn({ returnId, manually = false, ...note }) {
    await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      await writeHistory(work, note);
      if (!(await closeReturn(work, returnId, { from: 'received', to: 'refunded' }))) return;
      const refund = { amountMinor: await refundDueFor(work, returnId), currency: order.currency };
      await changeOrder(work, order, paidBack(order, refund.amountMinor));
      await writeOrderEvent(work, order, 'order.refunded', { returnId, refund, ...(manually && { manually }) });
    });
    settings.moved(note.orderId);
  },

  async skipRefund({ returnId, paid, ...note }) {
    await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      await writeHistory(work, note);
      const closed = await closeReturn(work, returnId, { from: 'received', to: 'not_refunded' });
      if (closed && paid) await changeOrder(work, order, paidBack(order, paid.amountMinor));
    });
    settings.moved(note.orderId);
  },

  async expireReturn({ returnId, ...note }) {
    await db.transaction().execute(async (work) => {
      await writeHistory(work, note);
      // A return whose goods have been received does not expire: the goods stay counted.
      await closeReturn(work, returnId, { from: 'requested', to: 'expired' });
    });
  },
});

/** What is paid for goods that came back. Where nothing was ever captured, a person gets the whole price to decide on. */
async function refundFor(work: Work, order: OrderRow, goods: readonly ReceivedLine[]): Promise<number> {
  const owed = await owedForReturns(work, order, goods);
  return takenMinorOf(order) === 0 ? owed : Math.min(owed, await roomForReturns(work, order, goods));
}

/** The refund due for a received return, as fixed when its goods were first recorded. */
async function refundDueFor(work: Work, returnId: string): Promise<number> {
  const { refund_minor } = await work
    .selectFrom('returns')
    .select('refund_minor')
    .where('id', '=', returnId)
    .executeTakeFirstOrThrow();
  if (refund_minor === null) throw new Error(`the goods of return ${returnId} have not been received`);
  return refund_minor;
}

/** Returns whether this call closed the return; false if it was not in the state `from`. */
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

/** Changes the order, and derives from all its returns what of its goods has come back. */
async function changeOrder(work: Work, order: OrderRow, change: UpdateObject<OrderDatabase, 'orders'>): Promise<void> {
  const remaining = await stillWithCustomer(work, order, CAME_BACK);
  const allReturned = [...remaining.values()].every((quantity) => quantity <= 0);
  await work
    .updateTable('orders')
    .set({
      ...change,
      fulfillment_status: allReturned ? 'returned' : 'partially_returned',
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', order.id)
    .execute();
}
