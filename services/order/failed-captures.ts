import { type Kysely, sql } from 'kysely';
import type { OrderActivities, TakeBackCapture } from '../../activities/order-bookkeeping.ts';
import { type OrderRow, type OrderSettings, type Work, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { refundCanceled } from './money-back.ts';
import { parcelsOfOne } from './parcels.ts';
import { topUpReturns } from './refunds.ts';
import { lockOrder } from './returns.ts';
import { statusesOnceClosed, takenMinorOf } from './statuses.ts';
import { refundCollected } from './undelivered-refunds.ts';

/** A capture that the card processor had said yes to was taken back. */
export const createFailedCaptureActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'takeBackCapture' | 'endFailedCapture'> => ({
  async takeBackCapture({ parcelId, captureId, amount, ...note }) {
    const taken = await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      await writeHistory(work, note);
      const earlier = await work
        .selectFrom('failed_captures')
        .select('id')
        .where('parcel_id', '=', parcelId)
        .executeTakeFirst();
      if (earlier) return earlier.id === captureId;
      if (!(await wasCaptured(work, order, parcelId))) return false;
      const { amountMinor: amount_minor } = amount;
      await work
        .insertInto('failed_captures')
        .values({ id: captureId, order_id: order.id, parcel_id: parcelId, amount_minor })
        .execute();
      await addUncollected(work, order.id, amount_minor);
      return true;
    });
    settings.moved(note.orderId);
    return { taken };
  },

  async endFailedCapture({ captureId, outcome, ...note }) {
    await db.transaction().execute(async (work) => {
      const order = await lockOrder(work, note.orderId);
      await writeHistory(work, note);
      const ended = await work
        .updateTable('failed_captures')
        .set({ outcome })
        .where('id', '=', captureId)
        .where('outcome', 'is', null)
        .returning('amount_minor')
        .executeTakeFirst();
      if (!ended || outcome === 'not_collected') return;
      await addUncollected(work, order.id, -ended.amount_minor);
      await work.updateTable('orders').set(statusesOnceClosed()).where('id', '=', order.id).execute();
      await payOwed(work, { ...order, uncollected_minor: order.uncollected_minor - ended.amount_minor });
    });
    settings.moved(note.orderId);
  },
});

/**
 * Pays back what could not be paid while the money was missing: pieces that were canceled, parcels that staff gave up, and goods
 * that came back.
 */
async function payOwed(work: Work, order: OrderRow): Promise<void> {
  if (order.canceled_minor > 0) await refundCanceled(work, order);
  if (order.in_parcels) await refundCollected(work, order);
  await topUpReturns(work, order);
}

/**
 * Whether the order's books say that the parcel was paid for by a capture. Throws while the workflow that captures it has not
 * recorded it: this call is repeated.
 */
async function wasCaptured(work: Work, order: OrderRow, parcelId: TakeBackCapture['parcelId']): Promise<boolean> {
  const again = await work
    .selectFrom('failed_captures')
    .select('outcome')
    .where('id', '=', parcelId)
    .executeTakeFirst();
  if (again?.outcome) return again.outcome === 'recaptured';
  const recorded = again ? null : await isPaid(work, order, parcelId);
  if (recorded === null) throw new Error(`the capture ${parcelId} of order ${order.id} is being recorded`);
  return recorded;
}

/** Null while that is not recorded. A parcel whose money a person has taken over is recorded as paid with nothing. */
async function isPaid(work: Work, order: OrderRow, parcelId: string): Promise<boolean | null> {
  const parcels = await parcelsOfOne(work, order);
  const capturedMinor = order.in_parcels
    ? parcels.find(({ id }) => id === parcelId)?.captured_minor
    : takenMinorOf(order) || null;
  if (typeof capturedMinor === 'number') return capturedMinor > 0;
  // That is not recorded of an order's only parcel.
  const alone = parcels.every(({ id, status }) => id === parcelId || status === 'canceled');
  return alone && (await wasSkipped(work, order)) ? false : null;
}

/** Whether a person has taken the money of the order, or of a parcel of it, over. */
const wasSkipped = async (work: Work, { id }: OrderRow): Promise<boolean> =>
  (await work
    .selectFrom('interventions')
    .select('id')
    .where('order_id', '=', id)
    .where('step', '=', 'capturePayment')
    .where('action', '=', 'skip')
    .executeTakeFirst()) !== undefined;

const addUncollected = (work: Work, orderId: string, amountMinor: number) =>
  work
    .updateTable('orders')
    .set({
      uncollected_minor: sql<number>`uncollected_minor + ${amountMinor}`,
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', orderId)
    .execute();
