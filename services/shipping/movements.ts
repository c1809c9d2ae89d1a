import { type Kysely, type Transaction, sql } from 'kysely';
import { type RecordMovement, type Shipment, shippingEvents } from '../../activities/shipping.ts';
import { createOutbox } from '../../platform/events/outbox.ts';
import type { ShippingDatabase } from './database.ts';

export const outbox = createOutbox('shipping', shippingEvents);

type Movement = RecordMovement['type'];

// The events to write for each reported movement, by the shipment's current status. A delivered parcel was dispatched,
// whichever report arrives first. Any other combination changes nothing: no parcel moves back, and a canceled one stays
// canceled.
const TRANSITIONS: Readonly<Record<Movement, Partial<Record<Shipment['status'], readonly Movement[]>>>> = {
  dispatched: { booked: ['dispatched'] },
  delivered: { booked: ['dispatched', 'delivered'], dispatched: ['delivered'] },
};

/** Updates the shipment by this movement, with an event for each step. The caller holds the lock on the shipment. */
export async function applyMovement(
  transaction: Transaction<ShippingDatabase>,
  shipment: Shipment,
  movement: Movement,
): Promise<Shipment> {
  const steps = TRANSITIONS[movement][shipment.status] ?? [];
  if (steps.length === 0) return shipment;
  const { orderId, trackingNumber } = shipment;
  const events = steps.map((step) => ({
    type: `shipment.${step}` as const,
    subject: orderId,
    data: { orderId, trackingNumber },
  }));
  await sql`
    with change as (
      update shipments set status = ${movement}, updated_at = now() where order_id = ${orderId}::uuid returning order_id
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
  orderId: string,
  early: readonly Movement[],
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    let current = (await lockShipment(transaction, 'order_id', orderId))!;
    for (const type of early) current = await applyMovement(transaction, current, type);
  });
}

/** Reads the shipment and locks it for the rest of the transaction. */
export const lockShipment = (
  transaction: Transaction<ShippingDatabase>,
  column: 'order_id' | 'tracking_number',
  value: string,
): Promise<Shipment | undefined> =>
  transaction
    .selectFrom('shipments')
    .select(['order_id as orderId', 'status', 'tracking_number as trackingNumber'])
    .where(column, '=', value)
    .forUpdate()
    .executeTakeFirst();
