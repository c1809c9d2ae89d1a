import { type Kysely, sql } from 'kysely';
import type { Money } from '../../activities/money.ts';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import { orderRefusal } from '../../activities/order.ts';
import type { PaymentStatus } from '../../activities/order-status.ts';
import { type OrderRow, type OrderSettings, applyChange, writeHistory } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { rfc3339, total } from './event-data.ts';
import { captureParcel, deliverParcel, dispatchParcel } from './parcel-progress.ts';
import { inOneParcel } from './parcels.ts';
import { outstandingMinorOf, setPaymentStatus, underlyingPaymentStatus } from './statuses.ts';

/**
 * From the confirmed order to the delivered parcels. An order in one parcel changes by one statement; where that does not
 * apply, the order is in parcels, or was changed before.
 */
export const createFulfillmentActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'dispatchOrder' | 'captureOrder' | 'deliverOrder' | 'requireVersion' | 'getOutstanding'> => ({
  async dispatchOrder({ parcelId, ...note }) {
    const changed = await applyChange(db, note, {
      appliesIf: sql`${inOneParcel} and fulfillment_status = 'booked'`,
      recordsHistoryOnlyIfApplied: true,
      set: { fulfillment_status: 'shipped' },
      event: {
        type: 'order.shipped',
        data: sql`jsonb_build_object('trackingNumber', tracking_number, 'total', ${total})`,
      },
    });
    if (!changed) return dispatchParcel(db, { settings, note, parcelId });
    settings.moved(note.orderId);
    return {};
  },

  async captureOrder({ parcelId, captured, ...note }) {
    const changed = await applyChange(db, note, {
      appliesIf: sql`${inOneParcel} and ${underlyingPaymentStatus} = 'authorized'`,
      recordsHistoryOnlyIfApplied: true,
      set: wholeCaptured(captured),
    });
    if (!changed) return captureParcel(db, { settings, note, parcelId, captured });
    settings.moved(note.orderId);
  },

  async deliverOrder({ parcelId, ...note }) {
    const changed = await applyChange(db, note, {
      appliesIf: sql`${inOneParcel} and fulfillment_status = 'shipped'`,
      recordsHistoryOnlyIfApplied: true,
      set: {
        fulfillment_status: 'delivered',
        returnable_until: sql`now() + make_interval(days => ${settings.returnWindowDays})`,
      },
      event: {
        type: 'order.delivered',
        data: sql`jsonb_build_object('returnableUntil', ${rfc3339(sql`returnable_until`)}, 'paymentStatus', payment_status)`,
      },
    });
    if (changed) settings.moved(note.orderId);
    return windowOf(changed ?? (await deliverParcel(db, { settings, note, parcelId })));
  },

  async requireVersion({ version, ...note }) {
    const order = await db.selectFrom('orders').select('version').where('id', '=', note.orderId).executeTakeFirst();
    if (order) await writeHistory(db, note);
    if (order?.version !== version) {
      throw orderRefusal('VersionChanged', `the order is not at version ${version} any more`);
    }
  },

  async getOutstanding(note) {
    const order = await db.selectFrom('orders').selectAll().where('id', '=', note.orderId).executeTakeFirstOrThrow();
    await writeHistory(db, note);
    return { outstanding: { amountMinor: outstandingMinorOf(order), currency: order.currency } };
  },
});

/** The end of the return window, once it is open. */
export const windowOf = ({ returnable_until }: Pick<OrderRow, 'returnable_until'>) =>
  returnable_until ? { returnableUntil: returnable_until.toISOString() } : {};

/** The columns of an order in one parcel once it is paid for: the amount only where it is not the total. */
function wholeCaptured(captured: Money | undefined) {
  if (!captured) return setPaymentStatus('captured');
  const { amountMinor } = captured;
  return {
    captured_minor: sql<number | null>`case when total_minor <> ${amountMinor}::bigint then ${amountMinor}::bigint end`,
    ...setPaymentStatus(
      sql<PaymentStatus>`case when ${amountMinor}::bigint < total_minor then 'partially_captured' else 'captured' end`,
    ),
  };
}
