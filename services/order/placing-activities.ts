import { type Kysely, sql } from 'kysely';
import type { OrderActivities, WithholdOrderResult } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Booking } from '../../activities/shipping.ts';
import {
  type ChangeEvent,
  type OrderSettings,
  type StatusChange,
  applyChange,
  changeAndNotify,
  writeHistory,
} from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { json, stockLines, total } from './event-data.ts';
import { setStatus, underlyingStatus } from './statuses.ts';

/** An order is placed once its workflow or the order service itself has begun to take its steps. */
export const PLACED: ChangeEvent = { type: 'order.placed', data: sql`jsonb_build_object('total', ${total})` };

/** From the draft to the confirmed order. */
export function createPlacingActivities(
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

    confirmOrder: ({ trackingNumber, promisedBy, despiteWithheld, ...note }) =>
      change(note, confirmation({ trackingNumber, promisedBy }, { despiteWithheld })),

    withholdOrder: (note) => withhold(db, note),
  };
}

/** How long other replicas leave the start of a confirmed order's workflow to the one that confirmed it. */
const HANDED_OVER_WITHIN_SECONDS = 2;

/** From placed to confirmed, unless somebody fenced the order. */
export const confirmation = (
  { trackingNumber, promisedBy }: Booking,
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
    promised_by: promisedBy === undefined ? null : new Date(promisedBy),
  },
  event: { type: 'order.confirmed', data: sql`jsonb_build_object('total', ${total}, 'lines', ${stockLines})` },
  workflowDue: sql`now() + make_interval(secs => ${HANDED_OVER_WITHIN_SECONDS})`,
});

const nextActionOf = async (db: Kysely<OrderDatabase>, orderId: string) =>
  (await db.selectFrom('orders').select('next_action').where('id', '=', orderId).executeTakeFirstOrThrow()).next_action;

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
