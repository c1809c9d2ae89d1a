import { type Kysely, sql } from 'kysely';
import type { OrderUpdate } from '../../activities/order-update.ts';
import {
  type EventType,
  type OrderRow,
  type OrderSettings,
  type Work,
  writeHistory,
  writeOrderEvent,
} from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { refundCanceled } from './money-back.ts';
import { fulfillmentOf, isSettled } from './parcel-statuses.ts';
import { type ParcelRow, parcelsOfOne } from './parcels.ts';
import { setPaymentStatus, statusOfPayment } from './statuses.ts';

/** What a change of an order's parcels also changes of the order itself, and the event that it publishes. */
export interface ParcelsChange {
  set?: Partial<
    Pick<OrderRow, 'captured_minor' | 'canceled_minor' | 'canceled_lines' | 'shipping_address' | 'placed_as'>
  >;
  event?: { type: EventType; dataOf: (order: OrderRow) => Record<string, unknown> };
}

interface ParcelsUpdate {
  settings: OrderSettings;
  note: OrderUpdate;
  /** Changes the parcels' rows. Returns undefined if the change was applied before. */
  change: (work: Work, order: OrderRow) => Promise<ParcelsChange | undefined>;
}

/**
 * Changes the parcels of an order, one caller at a time, in one transaction with the history entries and the event. What the
 * order shows is derived from its parcels. Returns the order as it then is.
 */
export async function changeParcels(
  db: Kysely<OrderDatabase>,
  { settings, note, change }: ParcelsUpdate,
): Promise<OrderRow> {
  const changed = await db.transaction().execute(async (work) => {
    const order = await work
      .selectFrom('orders')
      .selectAll()
      .where('id', '=', note.orderId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    await writeHistory(work, note);
    const applied = await change(work, order);
    if (!applied) return order;
    const after = await derive(work, { order, set: applied.set ?? {}, days: settings.returnWindowDays });
    const { event } = applied;
    if (event) await writeOrderEvent(work, after, event.type, event.dataOf(after));
    return after;
  });
  settings.moved(note.orderId);
  return changed;
}

/** The parcel with this id. Without one there is a mistake in the workflow: it must not go on. */
export function parcelIn(parcels: readonly ParcelRow[], parcelId: string): ParcelRow {
  const parcel = parcels.find(({ id }) => id === parcelId);
  if (!parcel) throw new Error(`there is no parcel ${parcelId} of this order`);
  return parcel;
}

export const changeParcel = (work: Work, { id }: ParcelRow, set: Partial<Omit<ParcelRow, 'lines'>>) =>
  work
    .updateTable('parcels')
    .set({ ...set, updated_at: sql`now()` })
    .where('id', '=', id)
    .execute();

interface Derivation {
  order: OrderRow;
  set: NonNullable<ParcelsChange['set']>;
  /** The length of the return window. */
  days: number;
}

async function derive(work: Work, { order, set, days }: Derivation): Promise<OrderRow> {
  const parcels = await parcelsOfOne(work, { ...order, in_parcels: true });
  const after = { ...order, ...set };
  if (after.canceled_minor > 0) await refundCanceled(work, after);
  const live = parcels.filter(({ status }) => status !== 'canceled');
  const first = live.find(({ tracking_number }) => tracking_number !== null);
  const arrived = live.every(isSettled) && live.some(({ status }) => status === 'delivered');
  const { canceled_lines, shipping_address, placed_as, ...amounts } = set;
  return work
    .updateTable('orders')
    .set({
      ...amounts,
      ...(canceled_lines && { canceled_lines: JSON.stringify(canceled_lines) }),
      ...(shipping_address && { shipping_address: JSON.stringify(shipping_address) }),
      ...(placed_as && { placed_as: JSON.stringify(placed_as) }),
      ...paymentOf(after, parcels),
      // Once goods have come back, the returns say how far it is.
      ...(!cameBack(order) && { fulfillment_status: fulfillmentOf(parcels) }),
      ...(arrived && { returnable_until: sql`coalesce(returnable_until, now() + make_interval(days => ${days}))` }),
      tracking_number: first?.tracking_number ?? null,
      promised_by: first?.promised_by ?? null,
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', order.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The columns of the payment. Nobody waits for another method once nothing is left to pay. */
function paymentOf(after: OrderRow, parcels: readonly ParcelRow[]) {
  const status = statusOfPayment(
    after,
    parcels.some(({ captured_minor }) => captured_minor !== null),
  );
  if (status === (after.resume_payment_status ?? after.payment_status)) return {};
  return { ...setPaymentStatus(status), payment_method_until: null, next_action: null };
}

const cameBack = ({ fulfillment_status }: OrderRow): boolean =>
  fulfillment_status === 'partially_returned' || fulfillment_status === 'returned';
