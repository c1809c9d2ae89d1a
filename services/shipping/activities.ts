import { type Kysely, type Transaction, sql } from 'kysely';
import { Undone } from '../../platform/contract/operation.ts';
import { type Booking, type ShippingActivities, shippingRefusal } from '../../activities/shipping.ts';
import { claimKey, once, recall } from '../../platform/contract/effect.ts';
import type { BookingOutcome, Carrier } from './carrier.ts';
import type { ShippingDatabase } from './database.ts';
import { type Movement, applyEarlyMovements, applyMovement, isMovement, outbox } from './movements.ts';
import { type Parcel, SHIPMENT_KEY, isParcel, lockShipment, parcelColumn, parcelOf } from './parcel.ts';

const bookKey = ({ parcelId }: Parcel) => ({ subject: parcelId, step: 'book' });
const cancelKey = ({ parcelId }: Parcel) => ({ subject: parcelId, step: 'cancel' });

/**
 * Each step calls the carrier first, outside any transaction, then writes the response and the event in one transaction.
 * A crash in between loses nothing: the carrier returns the same response for the same key.
 */
export function createShippingActivities(db: Kysely<ShippingDatabase>, carrier: Carrier): ShippingActivities {
  return {
    async bookShipment({ address, ...ref }) {
      const parcel = parcelOf(ref);
      const earlier = await recall<ShippingDatabase, Booking>(db, bookKey(parcel));
      if (earlier) return earlier.answer;
      const outcome = await carrier.book({ ...parcel, address });
      const stored = 'refused' in outcome ? await storeRefusal(db, parcel, outcome) : await book(db, parcel, outcome);
      if (stored) return stored;
      // A concurrent call was faster, or a cancellation.
      return (await recall<ShippingDatabase, Booking>(db, bookKey(parcel)))!.answer;
    },

    async cancelShipment(ref) {
      const parcel = parcelOf(ref);
      if (await recall(db, cancelKey(parcel))) return;
      // Called even if we know of no booking: the carrier may know of one, and must refuse one that arrives late.
      const outcome = await carrier.cancel(parcel);
      await once(db, cancelKey(parcel), async (transaction) => {
        if ('refused' in outcome) throw shippingRefusal(outcome.refused, outcome.detail);
        await writeBookingTombstone(transaction, parcel);
        await writeCancellation(transaction, parcel, outcome.trackingNumber);
      });
    },

    async trackShipment(ref) {
      const parcel = parcelOf(ref);
      const found = await carrier.find(parcel);
      const shipment = await db.transaction().execute(async (transaction) => {
        const known = await lockShipment(transaction, isParcel(parcel));
        return known && found && isMovement(found.status) ? applyMovement(transaction, known, found.status) : known;
      });
      const status = found?.status ?? shipment?.status;
      if (!status) throw shippingRefusal('ShipmentNotFound', 'no such parcel was booked for this order');
      return { status };
    },
  };
}

/** Records the booking in one statement; undefined if the step has an outcome already. */
async function book(
  db: Kysely<ShippingDatabase>,
  parcel: Parcel,
  { trackingNumber, promisedBy }: Booking,
): Promise<Booking | undefined> {
  const { orderId } = parcel;
  const booking: Booking = { trackingNumber, ...(promisedBy !== undefined && { promisedBy }) };
  const { rows } = await sql<{ booked: boolean; early: Movement[] }>`
    with claim as (${claimKey(bookKey(parcel), { answer: booking })}),
    booking as (
      insert into shipments (order_id, parcel_id, tracking_number, status, promised_by)
      select ${orderId}::uuid, ${parcelColumn(parcel)}::uuid, ${trackingNumber}, 'booked', ${promisedBy ?? null}::timestamptz
      from claim
    ),
    published as (${outbox.insert('claim', [
      { type: 'shipment.booked', subject: orderId, data: { ...parcel, trackingNumber } },
    ])})
    select exists (select from claim) as booked,
      array(select type from movements where tracking_number = ${trackingNumber} order by at, recorded_at) as early`.execute(
    db,
  );
  const { booked, early } = rows[0]!;
  if (!booked) return undefined;
  outbox.announce();
  if (early.length > 0) await applyEarlyMovements(db, parcel, early);
  return booking;
}

/** Stores the carrier's refusal and throws it; returns undefined if the step has an outcome already. */
async function storeRefusal(
  db: Kysely<ShippingDatabase>,
  parcel: Parcel,
  { refused, detail }: Extract<BookingOutcome, { refused: string }>,
): Promise<undefined> {
  const refusal = shippingRefusal(refused === 'Canceled' ? Undone : refused, detail);
  const { rows } = await claimKey(bookKey(parcel), { refusal }).execute(db);
  if (rows.length > 0) throw refusal;
}

/** Marks the booking as undone, whether or not it happened. */
const writeBookingTombstone = (transaction: Transaction<ShippingDatabase>, parcel: Parcel) =>
  transaction
    .insertInto('effects')
    .values({ ...bookKey(parcel), state: 'undone', answer: null, refusal_code: null, refusal_message: null })
    .onConflict((conflict) => conflict.columns(['subject', 'step']).doUpdateSet({ state: 'undone' }))
    .execute();

/** `canceledNumber` is the tracking number that the carrier canceled; we may not have recorded its booking. */
async function writeCancellation(
  transaction: Transaction<ShippingDatabase>,
  parcel: Parcel,
  canceledNumber: string | null,
): Promise<void> {
  const { orderId } = parcel;
  const { rows } = await sql<{ trackingNumber: string | null }>`
    insert into shipments (order_id, parcel_id, tracking_number, status)
    values (${orderId}, ${parcelColumn(parcel)}, ${canceledNumber}, 'canceled')
    on conflict ${SHIPMENT_KEY} do update set status = 'canceled', updated_at = now()
      where shipments.status = 'booked'
    returning tracking_number as "trackingNumber"`.execute(transaction);
  const [written] = rows;
  if (!written) {
    throw shippingRefusal('CarrierContradicts', 'the carrier canceled a parcel that it had reported as dispatched');
  }
  const { trackingNumber } = written;
  // Without a booking there is no event.
  if (trackingNumber === null) return;
  await outbox.write(transaction, {
    type: 'shipment.canceled',
    subject: orderId,
    data: { ...parcel, trackingNumber },
  });
}
