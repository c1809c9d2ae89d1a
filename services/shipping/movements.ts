import { type Transaction, sql } from 'kysely';
import { type RecordMovement, type Shipment, shippingEvents } from '../../activities/shipping.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { ShippingDatabase } from './database.ts';

export const writeEvent = createOutboxWriter('shipping', shippingEvents);

type Movement = RecordMovement['type'];

// What each piece of news takes a parcel through, by where it was. A delivered parcel was dispatched, whatever we
// heard first; nothing else moves it, so no parcel moves back and a canceled one stays.
const STEPS: Readonly<Record<Movement, Partial<Record<Shipment['status'], readonly Movement[]>>>> = {
  dispatched: { booked: ['dispatched'] },
  delivered: { booked: ['dispatched', 'delivered'], dispatched: ['delivered'] },
};

/** Moves the parcel on as far as this news goes, with an event for each step. The caller holds the shipment's row. */
export async function move(
  transaction: Transaction<ShippingDatabase>,
  shipment: Shipment,
  movement: Movement,
): Promise<Shipment> {
  const steps = STEPS[movement][shipment.status] ?? [];
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

/** Applies what the carrier told of a parcel before our booking of it was written. */
export async function catchUp(transaction: Transaction<ShippingDatabase>, shipment: Shipment): Promise<void> {
  const early = await transaction
    .selectFrom('movements')
    .select('type')
    .where('tracking_number', '=', shipment.trackingNumber)
    .orderBy('at')
    .execute();
  let current = shipment;
  for (const { type } of early) current = await move(transaction, current, type);
}

/** Lets one at a time write a parcel's booking and its news: each then sees what the other wrote. */
export const holdParcel = (transaction: Transaction<ShippingDatabase>, trackingNumber: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${trackingNumber}, 0))`.execute(transaction);

/** The shipment, held for the rest of the transaction. */
export const shipmentForUpdate = (
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
