import { type Kysely, sql } from 'kysely';
import type { CancelOrder, OrderActivities, OrderUpdate, Withheld } from '../../activities/order.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { type Move, type OrderRow, type OrderSettings, advance, announce, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionActivities } from './interventions.ts';
import { createReturnActivities } from './refunds.ts';
import { becomes, paymentBecomes, paymentStanding, standing } from './statuses.ts';

/** The order service's bookkeeping; see the contract for what each step promises. */
export function createOrderActivities(db: Kysely<OrderDatabase>, settings: OrderSettings): OrderActivities {
  const move = async (note: OrderUpdate, step: Move): Promise<void> => {
    await advance(db, note, step);
    settings.moved(note.orderId);
  };

  return {
    async recordOrder(note) {
      const recorded = await advance(db, note, {
        from: sql`recorded_at is null`,
        change: { recorded_at: sql`now()` },
        event: (work, order) => announce(work, order, 'order.placed', { total: totalOf(order) }),
      });
      settings.moved(note.orderId);
      return { again: recorded === undefined };
    },

    noteSteps: (note) => writeHistory(db, note),

    confirmOrder: ({ trackingNumber, despiteWithheld = false, ...note }) =>
      move(note, {
        from: sql`${standing} = 'pending' and (withheld_at is null or ${despiteWithheld})`,
        toldOnlyIfMoved: true,
        change: {
          ...becomes('confirmed'),
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

    withholdOrder: (note) => withhold(db, note),

    rejectOrder({ rejection: { code, detail }, paymentStatus, fulfillmentStatus, ...note }) {
      const rejection = { code, detail: storableText(detail) };
      return move(note, {
        from: sql`${standing} = 'pending' and ${notLeft}`,
        change: {
          ...becomes('rejected'),
          ...endingOf({ paymentStatus, fulfillmentStatus }),
          rejection: JSON.stringify(rejection),
        },
        event: (work, order) => announce(work, order, 'order.rejected', { rejection }),
      });
    },

    cancelOrder: ({ paymentStatus, fulfillmentStatus, reason: _told, ...note }) =>
      move(note, {
        from: sql`${standing} in ('pending', 'confirmed') and ${notLeft}`,
        change: { ...becomes('canceled'), ...endingOf({ paymentStatus, fulfillmentStatus }) },
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
        from: sql`${paymentStanding} = 'authorized'`,
        change: paymentBecomes('captured'),
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
        from: sql`${standing} = 'confirmed'`,
        // A return may still wait for a person; the order is completed when that is settled.
        change: becomes('completed'),
        event: (work, order) => announce(work, order, 'order.completed', {}),
      }),

    ...createInterventionActivities(db, settings),
    ...createReturnActivities(db, settings),
  };
}

/** The tombstone of `confirmOrder`: whichever of the two comes first at the order's row keeps the other out. */
function withhold(db: Kysely<OrderDatabase>, note: OrderUpdate): Promise<Withheld> {
  return db.transaction().execute(async (work) => {
    await work
      .updateTable('orders')
      .set({ withheld_at: sql`coalesce(withheld_at, now())` })
      .where('id', '=', note.orderId)
      .where(sql<boolean>`${standing} = 'pending'`)
      .execute();
    await writeHistory(work, note);
    const order = await work
      .selectFrom('orders')
      .select(standing.as('standing'))
      .where('id', '=', note.orderId)
      .executeTakeFirstOrThrow();
    return { confirmed: order.standing === 'confirmed' };
  });
}

/** What has been handed to the carrier can be neither rejected nor canceled. */
const notLeft = sql<boolean>`fulfillment_status in ('not_fulfilled', 'booked')`;

/** How an order ends that comes to nothing; what a person chose to skip on the way is in `paymentStatus` already. */
const endingOf = ({ paymentStatus, fulfillmentStatus }: Pick<CancelOrder, 'paymentStatus' | 'fulfillmentStatus'>) => ({
  payment_status: paymentStatus,
  resume_payment_status: null,
  fulfillment_status: fulfillmentStatus,
});

const totalOf = ({ total_minor, currency }: OrderRow) => ({ amountMinor: total_minor, currency });
