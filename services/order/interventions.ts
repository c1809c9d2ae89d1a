import { type Kysely, sql } from 'kysely';
import type { PaymentStatus } from '../../activities/order-status.ts';
import type { Intervention } from '../../activities/order-intervention.ts';
import { type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { type OrderRow, type OrderSettings, type Work, writeOrderEvent, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { completed, interventionView } from './intervention-views.ts';
import { decidedAtOrNow, underlyingPaymentStatus, underlyingStatus, statusesOnceClosed } from './statuses.ts';

/** A step was refused permanently: the order waits in `requires_action` until a person decides. */
export const createInterventionActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'openIntervention' | 'closeIntervention'> => ({
  async openIntervention({ interventionId, step, reason: rawReason, paymentStatus, inPlaceOf = [], ...note }) {
    const reason = storableText(rawReason);
    await db.transaction().execute(async (work) => {
      const opened = await insertIntervention(work, note, { id: interventionId, step, reason });
      await writeHistory(work, note);
      if (!opened) return;
      const order = await stopOrder(work, note.orderId, paymentStatus);
      if (inPlaceOf.length > 0) await closeOf(work, note.orderId, inPlaceOf);
      await writeOrderEvent(work, order, 'order.action_required', { step, reason });
    });
    settings.moved(note.orderId);
  },

  async closeIntervention({ interventionId, action, note: decisionNote, resolvedBy, ...note }) {
    await db.transaction().execute(async (work) => {
      // The order's row is the lock: if two interventions close at once, the second sees the first as closed.
      await work.selectFrom('orders').select('id').where('id', '=', note.orderId).forUpdate().executeTakeFirstOrThrow();
      const { numUpdatedRows } = await work
        .updateTable('interventions')
        .set({
          state: 'resolved',
          action,
          note: storableText(decisionNote),
          resolved_by: resolvedBy,
          resolved_at: sql`now()`,
        })
        .where('id', '=', interventionId)
        .where('state', '=', 'open')
        .executeTakeFirst();
      await writeHistory(work, note);
      if (numUpdatedRows === 0n) return;
      await work
        .updateTable('orders')
        .set({ ...statusesOnceClosed(), version: sql`version + 1`, updated_at: sql`now()` })
        .where('id', '=', note.orderId)
        .execute();
    });
    settings.moved(note.orderId);
  },
});

/** Returns whether this call opened the intervention; false if it was opened before. */
async function insertIntervention(
  work: Work,
  { orderId, workflowId }: { orderId: string; workflowId: string },
  { id, step, reason }: Pick<Intervention, 'id' | 'step' | 'reason'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await work
    .insertInto('interventions')
    .values({
      id,
      order_id: orderId,
      workflow_id: workflowId,
      step,
      reason,
      action: null,
      note: null,
      resolved_by: null,
      resolved_at: null,
      finding: null,
      finding_key: null,
      seen_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** What these workflows have asked: they have ended, and another one asks in their place. */
const closeOf = (work: Work, orderId: string, workflowIds: readonly string[]) =>
  work
    .updateTable('interventions')
    .set({
      state: 'resolved',
      action: 'retry',
      note: 'the workflow that asked has been ended; another one asks',
      resolved_by: 'system',
      resolved_at: sql`now()`,
    })
    .where('order_id', '=', orderId)
    .where('workflow_id', 'in', workflowIds)
    .where('state', '=', 'open')
    .execute();

/** Sets the order to `requires_action`, and its payment too if `paymentStatus` says so. */
const stopOrder = (work: Work, orderId: string, paymentStatus: PaymentStatus | undefined): Promise<OrderRow> =>
  work
    .updateTable('orders')
    .set({
      status: 'requires_action',
      resume_status: underlyingStatus,
      decided_at: decidedAtOrNow,
      ...(paymentStatus && {
        payment_status: paymentStatus,
        resume_payment_status: underlyingPaymentStatus,
      }),
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', orderId)
    .returningAll()
    .executeTakeFirstOrThrow();

export const createInterventionRequests = (
  db: Kysely<OrderDatabase>,
): Pick<OrderRequests, 'listInterventions' | 'getIntervention'> => ({
  async listInterventions({ state, step, since, after, limit }) {
    let chosen = db
      .selectFrom('interventions')
      .selectAll()
      .orderBy('opened_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (state) chosen = chosen.where('state', '=', state);
    if (step) chosen = chosen.where('step', '=', step);
    if (since) chosen = chosen.where('opened_at', '>=', new Date(since));
    if (after) chosen = chosen.where(olderThan(after, 'opened_at'));
    const { items, next } = pageByAge(await completed(db, chosen).execute(), limit, (row) => row.opened_at);
    return { items: items.map(interventionView), next };
  },

  async getIntervention({ interventionId }) {
    const chosen = db.selectFrom('interventions').selectAll().where('id', '=', interventionId);
    const row = await completed(db, chosen).executeTakeFirst();
    if (!row) throw orderRefusal('InterventionNotFound', `there is no intervention ${interventionId}`);
    return interventionView(row);
  },
});
