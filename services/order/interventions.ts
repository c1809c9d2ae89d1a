import { type Kysely, type Selectable, sql } from 'kysely';
import type { Intervention, OrderActivities, OrderRequests } from '../../activities/order.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type OrderSettings, announce, storableText, writeHistory } from './bookkeeping.ts';
import type { InterventionsTable, OrderDatabase } from './database.ts';
import { decidedNow, paymentStanding, resumed, standing } from './statuses.ts';

/** A step was refused for good: the order waits in `requires_action` until a person decides. */
export const createInterventionActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'openIntervention' | 'closeIntervention'> => ({
  async openIntervention({ interventionId, step, reason: words, paymentStatus, ...note }) {
    const reason = storableText(words);
    await db.transaction().execute(async (work) => {
      const { numInsertedOrUpdatedRows } = await work
        .insertInto('interventions')
        .values({
          id: interventionId,
          order_id: note.orderId,
          workflow_id: note.workflowId,
          step,
          reason,
          action: null,
          note: null,
          resolved_by: null,
          resolved_at: null,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      await writeHistory(work, note);
      if (numInsertedOrUpdatedRows === 0n) return;
      const order = await work
        .updateTable('orders')
        .set({
          status: 'requires_action',
          resume_status: standing,
          decided_at: decidedNow,
          ...(paymentStatus && {
            payment_status: paymentStatus,
            resume_payment_status: paymentStanding,
          }),
          version: sql`version + 1`,
          updated_at: sql`now()`,
        })
        .where('id', '=', note.orderId)
        .returningAll()
        .executeTakeFirstOrThrow();
      await announce(work, order, 'order.action_required', { step, reason });
    });
    settings.moved(note.orderId);
  },

  async closeIntervention({ interventionId, action, note: words, resolvedBy, ...note }) {
    await db.transaction().execute(async (work) => {
      // The order's row is the lock: of two that close at once, the second sees the first.
      await work.selectFrom('orders').select('id').where('id', '=', note.orderId).forUpdate().executeTakeFirstOrThrow();
      const { numUpdatedRows } = await work
        .updateTable('interventions')
        .set({ state: 'resolved', action, note: storableText(words), resolved_by: resolvedBy, resolved_at: sql`now()` })
        .where('id', '=', interventionId)
        .where('state', '=', 'open')
        .executeTakeFirst();
      await writeHistory(work, note);
      if (numUpdatedRows === 0n) return;
      await work
        .updateTable('orders')
        .set({ ...resumed(), version: sql`version + 1`, updated_at: sql`now()` })
        .where('id', '=', note.orderId)
        .execute();
    });
    settings.moved(note.orderId);
  },
});

export const createInterventionRequests = (
  db: Kysely<OrderDatabase>,
): Pick<OrderRequests, 'listInterventions' | 'getIntervention'> => ({
  async listInterventions({ state, after, limit }) {
    let query = db
      .selectFrom('interventions')
      .selectAll()
      .orderBy('opened_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (state) query = query.where('state', '=', state);
    if (after) query = query.where(olderThan(after, 'opened_at'));
    const { items, next } = pageByAge(await query.execute(), limit, (row) => row.opened_at);
    return { items: items.map(view), next };
  },

  async getIntervention({ interventionId }) {
    const row = await db.selectFrom('interventions').selectAll().where('id', '=', interventionId).executeTakeFirst();
    if (!row) throw new Refusal('InterventionNotFound', `there is no intervention ${interventionId}`);
    return view(row);
  },
});

const view = (row: Selectable<InterventionsTable>): Intervention => ({
  id: row.id,
  orderId: row.order_id,
  workflowId: row.workflow_id,
  step: row.step,
  reason: row.reason,
  state: row.state,
  action: row.action,
  note: row.note,
  resolvedBy: row.resolved_by,
  openedAt: row.opened_at.toISOString(),
  resolvedAt: row.resolved_at?.toISOString() ?? null,
});
