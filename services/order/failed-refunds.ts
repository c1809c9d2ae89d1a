import { type Kysely, sql } from 'kysely';
import type { OrderActivities, TakeBackRefund } from '../../activities/order-bookkeeping.ts';
import { type OrderSettings, type Work, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { takenBack } from './money-back.ts';
import { lockOrder } from './returns.ts';

/** A refund that the card processor had said yes to was not paid. */
export const createFailedRefundActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'takeBackRefund'> => ({
  async takeBackRefund(request) {
    const { orderId, workflowId, entries } = request;
    const taken = await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, orderId);
      await writeHistory(work, { orderId, workflowId, entries });
      const outcome = await replace(work, request);
      if (outcome !== 'replaced') return outcome === 'replaced before';
      await work
        .updateTable('orders')
        .set({ ...takenBack(order, request.amount.amountMinor), version: sql`version + 1`, updated_at: sql`now()` })
        .where('id', '=', orderId)
        .execute();
      return true;
    });
    settings.moved(orderId);
    return { taken };
  },
});

/** Puts another refund in the place of one that was paid, or of a part of it. */
async function replace(
  work: Work,
  { orderId, refundId, replacementId, amount }: TakeBackRefund,
): Promise<'replaced' | 'replaced before' | 'not paid'> {
  const replaced = await work.selectFrom('refunds').select('id').where('id', '=', replacementId).executeTakeFirst();
  if (replaced) return 'replaced before';
  const failed = await work.selectFrom('refunds').selectAll().where('id', '=', refundId).executeTakeFirst();
  const ofReturn = await work.selectFrom('returns').select('status').where('id', '=', refundId).executeTakeFirst();
  const status = failed?.status ?? ofReturn?.status;
  // The workflow that pays it has not recorded that it was paid. This call is repeated.
  if (status === 'requested' || status === 'received') throw new Error(`refund ${refundId} is being recorded`);
  // Another part of it may have failed before.
  if (status !== 'refunded' && status !== 'failed') return 'not paid';
  // Of what fails in part, the rest is still paid for the pieces.
  const all = failed?.amount_minor === amount.amountMinor;
  await work
    .insertInto('refunds')
    .values({
      id: replacementId,
      order_id: orderId,
      amount_minor: amount.amountMinor,
      lines: all && failed.lines ? JSON.stringify(failed.lines) : null,
      reason: failed?.reason ?? 'requested_by_customer',
      note: `in the place of ${refundId}, which the card processor could not pay`,
      requested_by: failed?.requested_by ?? 'order service',
      tops_up_returns: failed?.tops_up_returns ?? false,
      limited: failed?.limited ?? false,
      // By the workflow that asks for this.
      workflow_started_at: sql`now()`,
    })
    .execute();
  await work
    .updateTable('refunds')
    .set({
      status: 'failed',
      failed_minor: sql`failed_minor + ${amount.amountMinor}`,
      lines_moved: all,
      updated_at: sql`now()`,
    })
    .where('id', '=', refundId)
    .execute();
  return 'replaced';
}
