import { type Transaction, sql } from 'kysely';
import { type RecordMovement, type Shipment, shippingEvents } from '../../activities/shipping.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { ShippingDatabase } from './database.ts';

export const writeEvent = createOutboxWriter('shipping', shippingEvents);

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
  await transaction
    .updateTable('shipments')
    .set({ status: movement, updated_at: sql`now()` })
    .where('order_id', '=', orderId)
    .execute();
  for (const step of steps) {
    await writeEvent(transaction, {
      type: `shipment.${step}`,
      subject: orderId,
      data: { orderId, trackingNumber },
    });
  }
  return { ...shipment, status: movement };
}

/** Applies the movements that the carrier reported before we recorded the booking. */
export async function applyEarlyMovements(
  transaction: Transaction<ShippingDatabase>,
  shipment: Shipment,
): Promise<void> {
  const early = await transaction
    .selectFrom('movements')
    .select('type')
    .where('tracking_number', '=', shipment.trackingNumber)
    .orderBy('at')
    .execute();
  let current = shipment;
  for (const { type } of early) current = await applyMovement(transaction, current, type);
}

/** Serializes the writes of a parcel's booking and its movements, so that each sees what the other wrote. */
export const lockParcel = (transaction: Transaction<ShippingDatabase>, trackingNumber: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${trackingNumber}, 0))`.execute(transaction);

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
