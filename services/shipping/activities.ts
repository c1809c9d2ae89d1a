import { type Kysely, type Transaction, sql } from 'kysely';
import { Undone } from '../../platform/contract/operation.ts';
import {
  type Booking,
  type RecordMovement,
  type ShippingActivities,
  shippingRefusal,
} from '../../activities/shipping.ts';
import { claimKey, once, recall } from '../../platform/contract/effect.ts';
import type { BookingOutcome, Carrier } from './carrier.ts';
import type { ShippingDatabase } from './database.ts';
import { applyEarlyMovements, applyMovement, lockShipment, outbox } from './movements.ts';

const bookKey = (orderId: string) => ({ subject: orderId, step: 'book' });
const cancelKey = (orderId: string) => ({ subject: orderId, step: 'cancel' });

/**
 * Each step calls the carrier first, outside any transaction, then writes the response and the event in one transaction.
 * A crash in between loses nothing: the carrier returns the same response for the same key.
 */
export function createShippingActivities(db: Kysely<ShippingDatabase>, carrier: Carrier): ShippingActivities {
  return {
    async bookShipment({ orderId, address }) {
      const earlier = await recall<ShippingDatabase, Booking>(db, bookKey(orderId));
      if (earlier) return earlier.answer;
      const outcome = await carrier.book({ orderId, address });
      const stored = 'refused' in outcome ? await storeRefusal(db, orderId, outcome) : await book(db, orderId, outcome);
      if (stored) return stored;
      // A concurrent call was faster, or a cancellation.
      return (await recall<ShippingDatabase, Booking>(db, bookKey(orderId)))!.answer;
    },

    async cancelShipment({ orderId }) {
      if (await recall(db, cancelKey(orderId))) return;
      // Called even if we know of no booking: the carrier may know of one, and must refuse one that arrives late.
      const outcome = await carrier.cancel(orderId);
      await once(db, cancelKey(orderId), async (transaction) => {
        if ('refused' in outcome) throw shippingRefusal(outcome.refused, outcome.detail);
        await writeBookingTombstone(transaction, orderId);
        await writeCancellation(transaction, orderId, outcome.trackingNumber);
      });
    },

    async trackShipment({ orderId }) {
      const parcel = await carrier.find(orderId);
      const shipment = await db.transaction().execute(async (transaction) => {
        const known = await lockShipment(transaction, 'order_id', orderId);
        const { status } = parcel ?? {};
        return known && (status === 'dispatched' || status === 'delivered')
          ? applyMovement(transaction, known, status)
          : known;
      });
      const status = parcel?.status ?? shipment?.status;
      if (!status) throw shippingRefusal('ShipmentNotFound', 'no shipment was booked for this order');
      return { status };
    },
  };
}

/** Records the booking in one statement; undefined if the step has an outcome already. */
async function book(
  db: Kysely<ShippingDatabase>,
  orderId: string,
  { trackingNumber }: Booking,
): Promise<Booking | undefined> {
  const data = { orderId, trackingNumber };
  const { rows } = await sql<{ booked: boolean; early: RecordMovement['type'][] }>`
    with claim as (${claimKey(bookKey(orderId), { answer: { trackingNumber } })}),
    booking as (
      insert into shipments (order_id, tracking_number, status) select subject, ${trackingNumber}, 'booked' from claim
    ),
    published as (${outbox.insert('claim', [{ type: 'shipment.booked', subject: orderId, data }])})
    select exists (select from claim) as booked,
      array(select type from movements where tracking_number = ${trackingNumber} order by at) as early`.execute(db);
  const { booked, early } = rows[0]!;
  if (!booked) return undefined;
  outbox.announce();
  if (early.length > 0) await applyEarlyMovements(db, orderId, early);
  return { trackingNumber };
}

/** Stores the carrier's refusal and throws it; returns undefined if the step has an outcome already. */
async function storeRefusal(
  db: Kysely<ShippingDatabase>,
  orderId: string,
  { refused, detail }: Extract<BookingOutcome, { refused: string }>,
): Promise<undefined> {
  const refusal = shippingRefusal(refused === 'Canceled' ? Undone : refused, detail);
  const { rows } = await claimKey(bookKey(orderId), { refusal }).execute(db);
  if (rows.length > 0) throw refusal;
}

/** Marks the booking as undone, whether or not it happened. */
const writeBookingTombstone = (transaction: Transaction<ShippingDatabase>, orderId: string) =>
  transaction
    .insertInto('effects')
    .values({ ...bookKey(orderId), state: 'undone', answer: null, refusal_code: null, refusal_message: null })
    .onConflict((conflict) => conflict.columns(['subject', 'step']).doUpdateSet({ state: 'undone' }))
    .execute();

/** `canceledParcel` is the tracking number that the carrier canceled; we may not have recorded its booking. */
async function writeCancellation(
  transaction: Transaction<ShippingDatabase>,
  orderId: string,
  canceledParcel: string | null,
): Promise<void> {
  const written = await transaction
    .insertInto('shipments')
    .values({ order_id: orderId, tracking_number: canceledParcel, status: 'canceled' })
    .onConflict((conflict) =>
      conflict
        .column('order_id')
        .doUpdateSet({ status: 'canceled', updated_at: sql`now()` })
        .where('shipments.status', '=', 'booked'),
    )
    .returning('tracking_number')
    .executeTakeFirst();
  if (!written) {
    throw shippingRefusal('CarrierContradicts', 'the carrier canceled a parcel that it had reported as dispatched');
  }
  const { tracking_number: trackingNumber } = written;
  // Without a parcel there is no event.
  if (trackingNumber === null) return;
  await outbox.write(transaction, { type: 'shipment.canceled', subject: orderId, data: { orderId, trackingNumber } });
}
