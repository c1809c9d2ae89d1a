import { type Kysely, type Transaction, sql } from 'kysely';
import { type RecordMovement, type Shipment, shippingEvents } from '../../activities/shipping.ts';
import { createOutbox } from '../../platform/events/outbox.ts';
import type { ShippingDatabase } from './database.ts';
import { type Parcel, isParcel, lockShipment } from './parcel.ts';

export const outbox = createOutbox('shipping', shippingEvents);

export type Movement = RecordMovement['type'];

// The events to write for each reported movement, by the shipment's current status. A parcel that was reported as anything
// else was dispatched, whichever report arrives first. Any other combination changes nothing: no parcel moves back, a
// canceled one stays canceled, and only one that was lost is found again.
const TRANSITIONS: Readonly<Record<Movement, Partial<Record<Shipment['status'], readonly Movement[]>>>> = {
  dispatched: { booked: ['dispatched'] },
  delayed: { booked: ['dispatched', 'delayed'], dispatched: ['delayed'] },
  lost: { booked: ['dispatched', 'lost'], dispatched: ['lost'], delayed: ['lost'] },
  returned_to_sender: {
    booked: ['dispatched', 'returned_to_sender'],
    dispatched: ['returned_to_sender'],
    delayed: ['returned_to_sender'],
    lost: ['returned_to_sender'],
  },
  delivered: {
    booked: ['dispatched', 'delivered'],
    dispatched: ['delivered'],
    delayed: ['delivered'],
    lost: ['delivered'],
  },
};

/** Whether a parcel with this status has moved. */
export const isMovement = (status: Shipment['status']): status is Movement => status in TRANSITIONS;

/** Updates the shipment by this movement, with an event for each step. The caller holds the lock on the shipment. */
export async function applyMovement(
  transaction: Transaction<ShippingDatabase>,
  shipment: Shipment,
  movement: Movement,
): Promise<Shipment> {
  const steps = TRANSITIONS[movement][shipment.status] ?? [];
  if (steps.length === 0) return shipment;
  const { orderId, parcelId, trackingNumber } = shipment;
  const events = steps.map((step) => ({
    type: `shipment.${step}` as const,
    subject: orderId,
    data: { orderId, parcelId, trackingNumber },
  }));
  await sql`
    with change as (
      update shipments set status = ${movement}, updated_at = now() where ${isParcel(shipment)} returning order_id
    )
    ${outbox.insert('change', events)}`.execute(transaction);
  outbox.announce();
  return { ...shipment, status: movement };
}

/**
 * Applies the movements that the carrier reported before we recorded the booking. One that is reported while the booking
 * is being recorded is refused, and applied when the carrier repeats it.
 */
export async function applyEarlyMovements(
  db: Kysely<ShippingDatabase>,
  parcel: Parcel,
  early: readonly Movement[],
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    let current = (await lockShipment(transaction, isParcel(parcel)))!;
    for (const type of early) current = await applyMovement(transaction, current, type);
  });
}
