import { type Kysely, type RawBuilder, sql } from 'kysely';
import type {
  CancelOrder,
  OrderActivities,
  OrderUpdate,
  WithholdOrderResult,
} from '../../activities/order-bookkeeping.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import {
  type ChangeEvent,
  type OrderSettings,
  type StatusChange,
  type Work,
  applyChange,
  writeHistory,
  writeOrderEvent,
} from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { createInterventionActivities } from './interventions.ts';
import { createRefundActivities } from './refunds.ts';
import { createReturnActivities } from './return-activities.ts';
import { setStatus, setPaymentStatus, underlyingPaymentStatus, underlyingStatus } from './statuses.ts';

// The data of events, of an order's columns.
const total = sql`jsonb_build_object('amountMinor', total_minor, 'currency', currency)`;
const stockLines = sql`(
  select jsonb_agg(jsonb_build_object('sku', line->'sku', 'quantity', line->'quantity') order by position)
    from jsonb_array_elements(lines) with ordinality as listed (line, position))`;
/** As `Date.toISOString` writes it. */
const rfc3339 = (at: RawBuilder<unknown>) => sql`to_char(${at} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const json = (data: Record<string, unknown>) => sql`${JSON.stringify(data)}::jsonb`;

/** An order is placed once its workflow or the order service itself has begun to take its steps. */
export const PLACED: ChangeEvent = { type: 'order.placed', data: sql`jsonb_build_object('total', ${total})` };

/** The order service's bookkeeping. The contract documents each operation. */
export const createOrderActivities = (db: Kysely<OrderDatabase>, settings: OrderSettings): OrderActivities => ({
  ...createPlacingActivities(db, settings),
  ...createFulfillmentActivities(db, settings),
  ...createEndingActivities(db, settings),
  ...createInterventionActivities(db, settings),
  ...createReturnActivities(db, settings),
  ...createRefundActivities(db, settings),
});

/** From the draft to the confirmed order. */
function createPlacingActivities(
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<
  OrderActivities,
  'recordOrder' | 'noteSteps' | 'awaitCustomer' | 'authorizeOrder' | 'confirmOrder' | 'withholdOrder'
> {
  const change = changeAndNotify(db, settings);
  return {
    async recordOrder(note) {
      const recorded = await applyChange(db, note, {
        appliesIf: sql`recorded_at is null`,
        set: { recorded_at: sql`now()` },
        event: PLACED,
      });
      settings.moved(note.orderId);
      return { again: recorded === undefined };
    },

    noteSteps: (note) => writeHistory(db, note),

    async awaitCustomer({ customerAction, ...note }) {
      const expiresAt = new Date(Date.now() + settings.paymentActionMinutes * 60_000).toISOString();
      const url = 'url' in customerAction ? customerAction.url : null;
      await change(note, {
        appliesIf: sql`${underlyingStatus} = 'pending' and next_action is null`,
        set: { payment_status: 'awaiting_customer', next_action: JSON.stringify({ ...customerAction, expiresAt }) },
        event: { type: 'order.payment_action_required', data: json({ url, expiresAt }) },
      });
      return { expiresAt: (await nextActionOf(db, note.orderId))?.expiresAt ?? expiresAt };
    },

    authorizeOrder: (note) =>
      change(note, {
        appliesIf: sql`${underlyingStatus} = 'pending' and next_action is not null`,
        set: { payment_status: 'authorized', next_action: null },
      }),

    confirmOrder: ({ trackingNumber, despiteWithheld, ...note }) =>
      change(note, confirmation(trackingNumber, { despiteWithheld })),

    withholdOrder: (note) => withhold(db, note),
  };
}

/** How long other replicas leave the start of a confirmed order's workflow to the one that confirmed it. */
const HANDED_OVER_WITHIN_SECONDS = 2;

/** From placed to confirmed, unless somebody fenced the order. */
export const confirmation = (
  trackingNumber: string,
  { despiteWithheld = false }: { despiteWithheld?: boolean | undefined } = {},
): StatusChange => ({
  appliesIf: sql`${underlyingStatus} = 'pending' and (withheld_at is null or ${despiteWithheld})`,
  recordsHistoryOnlyIfApplied: true,
  set: {
    ...setStatus('confirmed'),
    payment_status: 'authorized',
    next_action: null,
    fulfillment_status: 'booked',
    tracking_number: trackingNumber,
  },
  event: { type: 'order.confirmed', data: sql`jsonb_build_object('total', ${total}, 'lines', ${stockLines})` },
  workflowDue: sql`now() + make_interval(secs => ${HANDED_OVER_WITHIN_SECONDS})`,
});

/** From the confirmed order to the delivered parcel. */
function createFulfillmentActivities(
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'dispatchOrder' | 'captureOrder' | 'deliverOrder'> {
  const change = changeAndNotify(db, settings);
  return {
    dispatchOrder: (note) =>
      change(note, {
        appliesIf: sql`fulfillment_status = 'booked'`,
        set: { fulfillment_status: 'shipped' },
        event: {
          type: 'order.shipped',
          data: sql`jsonb_build_object('trackingNumber', tracking_number, 'total', ${total})`,
        },
      }),

    captureOrder: (note) =>
      change(note, {
        appliesIf: sql`${underlyingPaymentStatus} = 'authorized'`,
        set: setPaymentStatus('captured'),
      }),

    async deliverOrder(note) {
      const changed = await applyChange(db, note, {
        appliesIf: sql`fulfillment_status = 'shipped'`,
        set: {
          fulfillment_status: 'delivered',
          returnable_until: sql`now() + make_interval(days => ${settings.returnWindowDays})`,
        },
        event: {
          type: 'order.delivered',
          data: sql`jsonb_build_object('returnableUntil', ${rfc3339(sql`returnable_until`)}, 'paymentStatus', payment_status)`,
        },
      });
      settings.moved(note.orderId);
      const { returnable_until } = changed ?? (await returnWindowOf(db, note.orderId));
      return { returnableUntil: returnable_until!.toISOString() };
    },
  };
}

const nextActionOf = async (db: Kysely<OrderDatabase>, orderId: string) =>
  (await db.selectFrom('orders').select('next_action').where('id', '=', orderId).executeTakeFirstOrThrow()).next_action;

const returnWindowOf = (db: Kysely<OrderDatabase>, orderId: string) =>
  db.selectFrom('orders').select('returnable_until').where('id', '=', orderId).executeTakeFirstOrThrow();

/** The ends of an order: rejected, canceled or completed. */
function createEndingActivities(
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'rejectOrder' | 'cancelOrder' | 'completeOrder' | 'releasePayment'> {
  const change = changeAndNotify(db, settings);
  return {
    rejectOrder({ rejection: { code, detail }, paymentStatus, fulfillmentStatus, ...note }) {
      const rejection = { code, detail: storableText(detail) };
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

    cancelOrder: ({ paymentStatus, fulfillmentStatus, reason: _inHistory, ...note }) =>
      change(note, {
        appliesIf: sql`${underlyingStatus} in ('pending', 'confirmed') and ${notShipped}`,
        set: { ...setStatus('canceled'), ...finalStatuses({ paymentStatus, fulfillmentStatus }) },
        event: { type: 'order.canceled', data: json({ paymentStatus, fulfillmentStatus }) },
      }),

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
        set: setStatus('completed'),
        event: { type: 'order.completed', data: json({}) },
      }),
  };
}

const wasReleased = async (work: Work, { workflowId }: OrderUpdate): Promise<boolean> =>
  (await work
    .selectFrom('order_history')
    .select('position')
    .where('workflow_id', '=', workflowId)
    .where('step', '=', 'releasePayment')
    .where('outcome', '=', 'succeeded')
    .executeTakeFirst()) !== undefined;

/** Applies changes, and wakes the requests that wait for the order. */
const changeAndNotify =
  (db: Kysely<OrderDatabase>, settings: OrderSettings) =>
  async (note: OrderUpdate, statusChange: StatusChange): Promise<void> => {
    await applyChange(db, note, statusChange);
    settings.moved(note.orderId);
  };

/** The tombstone of `confirmOrder`: whichever of the two updates the order's row first excludes the other. */
function withhold(db: Kysely<OrderDatabase>, note: OrderUpdate): Promise<WithholdOrderResult> {
  return db.transaction().execute(async (work) => {
    await work
      .updateTable('orders')
      .set({ withheld_at: sql`coalesce(withheld_at, now())` })
      .where('id', '=', note.orderId)
      .where(sql<boolean>`${underlyingStatus} = 'pending'`)
      .execute();
    await writeHistory(work, note);
    const order = await work
      .selectFrom('orders')
      .select(underlyingStatus.as('underlyingStatus'))
      .where('id', '=', note.orderId)
      .executeTakeFirstOrThrow();
    return { confirmed: order.underlyingStatus === 'confirmed' };
  });
}

/** An order whose parcel was handed to the carrier can be neither rejected nor canceled. */
const notShipped = sql<boolean>`fulfillment_status in ('not_fulfilled', 'booked')`;

/** The statuses of a rejected or canceled order. `paymentStatus` already reflects interventions that were skipped. */
const finalStatuses = ({
  paymentStatus,
  fulfillmentStatus,
}: Pick<CancelOrder, 'paymentStatus' | 'fulfillmentStatus'>) => ({
  payment_status: paymentStatus,
  resume_payment_status: null,
  next_action: null,
  fulfillment_status: fulfillmentStatus,
});
