import { type Kysely, sql } from 'kysely';
import type { OrderActivities, OrderNote } from '../../activities/order.ts';
import { type Move, type OrderRow, type OrderSettings, advance, announce, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionActivities } from './interventions.ts';
import { createReturnActivities } from './returns.ts';

/** The order service's bookkeeping; see the contract for what each step promises. */
export function createOrderActivities(db: Kysely<OrderDatabase>, settings: OrderSettings): OrderActivities {
  const move = async (note: OrderNote, step: Move): Promise<void> => {
    await advance(db, note, step);
    settings.moved(note.orderId);
  };

  return {
    recordOrder: (note) =>
      move(note, {
        from: sql`recorded_at is null`,
        change: { recorded_at: sql`now()` },
        event: (work, order) => announce(work, order, 'order.placed', { total: totalOf(order) }),
      }),

    noteSteps: (note) => writeHistory(db, note),

    confirmOrder: ({ trackingNumber, ...note }) =>
      move(note, {
        from: sql`status = 'pending'`,
        change: {
          status: 'confirmed',
          payment_status: 'authorized',
          fulfillment_status: 'booked',
          tracking_number: trackingNumber,
        },
        event: (work, order) =>
          announce(work, order, 'order.confirmed', {
            total: totalOf(order),
            lines: order.lines.map(({ sku, quantity }) => ({ sku, quantity })),
          }),
      }),

    rejectOrder: ({ rejection, paymentStatus, fulfillmentStatus, ...note }) =>
      move(note, {
        from: sql`status in ('pending', 'requires_action')`,
        change: {
          status: 'rejected',
          payment_status: paymentStatus,
          fulfillment_status: fulfillmentStatus,
          rejection: JSON.stringify(rejection),
        },
        event: (work, order) => announce(work, order, 'order.rejected', { rejection }),
      }),

    cancelOrder: ({ paymentStatus, fulfillmentStatus, reason: _told, ...note }) =>
      move(note, {
        from: sql`status in ('pending', 'confirmed', 'requires_action')`,
        change: { status: 'canceled', payment_status: paymentStatus, fulfillment_status: fulfillmentStatus },
        event: (work, order) => announce(work, order, 'order.canceled', {}),
      }),

    dispatchOrder: (note) =>
      move(note, {
        from: sql`fulfillment_status = 'booked'`,
        change: { fulfillment_status: 'shipped' },
        event: (work, order) => announce(work, order, 'order.shipped', { trackingNumber: order.tracking_number }),
      }),

    captureOrder: (note) =>
      move(note, {
        from: sql`payment_status in ('authorized', 'requires_action')`,
        change: { payment_status: 'captured' },
      }),

    async deliverOrder(note) {
      await move(note, {
        from: sql`fulfillment_status = 'shipped'`,
        change: {
          fulfillment_status: 'delivered',
          returnable_until: sql`now() + make_interval(days => ${settings.returnWindowDays})`,
        },
        event: (work, order) => announce(work, order, 'order.delivered', {}),
      });
      const { returnable_until } = await db
        .selectFrom('orders')
        .select('returnable_until')
        .where('id', '=', note.orderId)
        .executeTakeFirstOrThrow();
      return { returnableUntil: returnable_until!.toISOString() };
    },

    completeOrder: (note) =>
      move(note, {
        from: sql`status in ('confirmed', 'requires_action')`,
        change: {
          // A return may still wait for a person; the order is completed when that is settled.
          status: sql`case when status = 'confirmed' then 'completed' else status end`,
          resume_status: sql`case when status = 'confirmed' then null else 'completed' end`,
        },
        event: (work, order) => announce(work, order, 'order.completed', {}),
      }),

    ...createInterventionActivities(db, settings),
    ...createReturnActivities(db, settings),
  };
}

const totalOf = ({ total_minor, currency }: OrderRow) => ({ amountMinor: total_minor, currency });
