import type { Kysely } from 'kysely';
import type { Money } from '../../activities/money.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Due } from '../../activities/parcel.ts';
import type { OrderRow, OrderSettings } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { changeParcel, changeParcels, parcelIn } from './parcel-changes.ts';
import { hasLeft, isSettled } from './parcel-statuses.ts';
import { type ParcelRow, parcelsOfOne } from './parcels.ts';
import { linesOf } from './pieces.ts';
import { outstandingMinorOf, takenMinorOf } from './statuses.ts';

// What happens to one of an order's parcels. Nothing, apart from the history, if the order is in one that its own row
// describes: then it happened before.

export interface ParcelStep {
  settings: OrderSettings;
  note: OrderUpdate;
  /** Absent: the order's first. */
  parcelId: string | undefined;
}

/** The carrier has the parcel. Returns what to capture for it; nothing if that is all that is held. */
export async function dispatchParcel(
  db: Kysely<OrderDatabase>,
  { settings, note, parcelId = note.orderId }: ParcelStep,
): Promise<Due> {
  let due: Due = {};
  await changeParcels(db, {
    settings,
    note,
    async change(work, order) {
      if (!order.in_parcels) return undefined;
      const parcels = await parcelsOfOne(work, order);
      const parcel = parcelIn(parcels, parcelId);
      const whole = isWhole(order, parcels);
      const amountMinor = askedFor(parcel, { order, parcels });
      const money = (minor: number): Money => ({ amountMinor: minor, currency: order.currency });
      if (!whole) due = { amount: money(amountMinor), outstanding: money(outstandingMinorOf(order)) };
      if (parcel.status === 'waiting' || parcel.status === 'canceled' || parcel.asked_minor !== null) return undefined;
      const moved = parcel.status === 'booked';
      await changeParcel(work, parcel, { asked_minor: amountMinor, ...(moved && { status: 'dispatched' }) });
      if (!moved) return {};
      const about = { trackingNumber: parcel.tracking_number, total: money(order.total_minor) };
      const dataOf = () => ({ ...about, ...(!whole && contentsOf(parcel)) });
      return { event: { type: 'order.shipped', dataOf } };
    },
  });
  return due;
}

/** The order's only parcel, with all of its pieces, of which nothing is paid yet. */
function isWhole(order: OrderRow, parcels: readonly ParcelRow[]): boolean {
  const live = parcels.filter(({ status }) => status !== 'canceled');
  return live.length === 1 && order.canceled_minor === 0 && takenMinorOf(order) === 0;
}

/** What to capture for a parcel, the same at every repeat: its price, if that is not captured yet or about to be. */
function askedFor(parcel: ParcelRow, { order, parcels }: { order: OrderRow; parcels: readonly ParcelRow[] }): number {
  if (parcel.captured_minor !== null) return 0;
  if (parcel.asked_minor !== null) return parcel.asked_minor;
  const aboutToBe = parcels
    .filter(({ captured_minor }) => captured_minor === null)
    .reduce((sum, { asked_minor }) => sum + (asked_minor ?? 0), 0);
  return Math.max(0, Math.min(parcel.price_minor, outstandingMinorOf(order) - aboutToBe));
}

const contentsOf = ({ id, lines }: ParcelRow) => ({ parcelId: id, lines: linesOf(lines) });

/** The parcel is paid for. The processor may have captured less, or more: for other parcels too. */
export async function captureParcel(
  db: Kysely<OrderDatabase>,
  { settings, note, parcelId = note.orderId, captured }: ParcelStep & { captured: Money | undefined },
): Promise<void> {
  await changeParcels(db, {
    settings,
    note,
    async change(work, order) {
      if (!order.in_parcels) return undefined;
      const parcel = parcelIn(await parcelsOfOne(work, order), parcelId);
      if (parcel.captured_minor !== null) return undefined;
      const amountMinor =
        captured?.amountMinor ?? parcel.asked_minor ?? Math.min(parcel.price_minor, outstandingMinorOf(order));
      await changeParcel(work, parcel, { captured_minor: amountMinor });
      return { set: { captured_minor: takenMinorOf(order) + amountMinor } };
    },
  });
}

/** The parcel has arrived. Returns the order as it then is. */
export const deliverParcel = (
  db: Kysely<OrderDatabase>,
  { settings, note, parcelId = note.orderId }: ParcelStep,
): Promise<OrderRow> =>
  changeParcels(db, {
    settings,
    note,
    async change(work, order) {
      if (!order.in_parcels) return undefined;
      const parcels = await parcelsOfOne(work, order);
      const parcel = parcelIn(parcels, parcelId);
      if (!hasLeft(parcel) || isSettled(parcel)) return undefined;
      await changeParcel(work, parcel, { status: 'delivered' });
      const several = parcels.filter(({ status }) => status !== 'canceled').length > 1 || order.canceled_minor > 0;
      const dataOf = ({ returnable_until, payment_status }: OrderRow) => ({
        ...(returnable_until && { returnableUntil: returnable_until.toISOString() }),
        paymentStatus: payment_status,
        ...(several && contentsOf(parcel)),
      });
      return { event: { type: 'order.delivered', dataOf } };
    },
  });
