import { type Kysely, sql } from 'kysely';
import type { CancelOrder, OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { Rejection } from '../../activities/order-status.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import {
  type OrderSettings,
  type StatusChange,
  type Work,
  applyChange,
  changeAndNotify,
  writeHistory,
  writeOrderEvent,
} from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { json } from './event-data.ts';
import { cancelUnsent } from './parcels.ts';
import { setStatus, underlyingStatus } from './statuses.ts';

/** The ends of an order: rejected, canceled or completed. */
export function createEndingActivities(
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'rejectOrder' | 'cancelOrder' | 'completeOrder' | 'releasePayment'> {
  const change = changeAndNotify(db, settings);
  return {
    rejectOrder({ rejection: given, paymentStatus, fulfillmentStatus, ...note }) {
      const rejection = storable(given);
      return change(note, {
        appliesIf: sql`${underlyingStatus} = 'pending' and ${notShipped}`,
        set: {
          ...setStatus('rejected'),
          ...finalStatuses({ paymentStatus, fulfillmentStatus }),
          rejection: JSON.stringify(rejection),
        },
        event: { type: 'order.rejected', data: json({ rejection, paymentStatus, fulfillmentStatus }) },
      });
    },

    async cancelOrder({ paymentStatus, fulfillmentStatus, rejection: given, reason: _inHistory, ...note }) {
      const rejection = given && storable(given);
      const canceled: StatusChange = {
        appliesIf: sql`${underlyingStatus} in ('pending', 'confirmed') and ${notShipped}`,
        set: {
          ...setStatus('canceled'),
          ...finalStatuses({ paymentStatus, fulfillmentStatus }),
          ...(rejection && { rejection: JSON.stringify(rejection) }),
        },
        event: {
          type: 'order.canceled',
          data: json({ paymentStatus, fulfillmentStatus, ...(rejection && { rejection }) }),
        },
        also: cancelUnsent,
      };
      await db.transaction().execute(async (work) => {
        // So that the next statement sees all of its parcels.
        await work.selectFrom('orders').select('id').where('id', '=', note.orderId).forUpdate().execute();
        await applyChange(work, note, canceled);
      });
      settings.moved(note.orderId);
    },

    releasePayment: (note) => {
      const { orderId } = note;
      return db.transaction().execute(async (work) => {
        // Under the order's lock, so that a repeat sees the entry of the first.
        const order = await work
          .selectFrom('orders')
          .selectAll()
          .where('id', '=', orderId)
          .forUpdate()
          .executeTakeFirstOrThrow();
        if (await wasReleased(work, note)) return;
        await writeHistory(work, note);
        // The money was held after all.
        if (order.payment_status === 'not_paid') {
          await work
            .updateTable('orders')
            .set({ payment_status: 'canceled', version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', order.id)
            .execute();
        }
        const total = { amountMinor: order.total_minor, currency: order.currency };
        await writeOrderEvent(work, order, 'order.payment_released', { total });
      });
    },

    completeOrder: (note) =>
      change(note, {
        appliesIf: sql`${underlyingStatus} = 'confirmed'`,
        // If a return still waits for a person, the order becomes `completed` once that intervention is closed.
        set: {
          ...setStatus('completed'),
          // The workflow decides that the window has closed, also where its time was moved on a development server.
          returnable_until: sql`least(returnable_until, now())`,
        },
        event: { type: 'order.completed', data: json({}) },
      }),
  };
}

const storable = ({ code, detail }: Rejection): Rejection => ({ code, detail: storableText(detail) });

const wasReleased = async (work: Work, { workflowId }: OrderUpdate): Promise<boolean> =>
  (await work
    .selectFrom('order_history')
    .select('position')
    .where('workflow_id', '=', workflowId)
    .where('step', '=', 'releasePayment')
    .where('outcome', '=', 'succeeded')
    .executeTakeFirst()) !== undefined;

/** An order of which a parcel was handed to the carrier can be neither rejected nor canceled. */
const notShipped = sql<boolean>`fulfillment_status in ('not_fulfilled', 'booked')`;

/** The statuses of a rejected or canceled order. `paymentStatus` already reflects interventions that were skipped. */
const finalStatuses = ({
  paymentStatus,
  fulfillmentStatus,
}: Pick<CancelOrder, 'paymentStatus' | 'fulfillmentStatus'>) => ({
  payment_status: paymentStatus,
  resume_payment_status: null,
  next_action: null,
  payment_method_until: null,
  fulfillment_status: fulfillmentStatus,
});
