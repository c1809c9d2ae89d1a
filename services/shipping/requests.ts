import { type Kysely, sql } from 'kysely';
import { ParcelRef, type Shipment, type ShippingRequests, shippingRefusal } from '../../activities/shipping.ts';
import { decodeCursor, encodeCursor } from '../../platform/database/cursor.ts';
import type { ShippingDatabase } from './database.ts';
import { applyMovement } from './movements.ts';
import { type Parcel, SHIPMENT_KEY, lockShipment, parcelOf, selectShipments, shipmentOf } from './parcel.ts';

export function createShippingRequests(db: Kysely<ShippingDatabase>): ShippingRequests {
  return {
    async recordMovement({ movementId, trackingNumber, type, at }) {
      const shipment = await db.transaction().execute(async (transaction): Promise<Shipment | undefined> => {
        await transaction
          .insertInto('movements')
          .values({ movement_id: movementId, tracking_number: trackingNumber, type, at })
          .onConflict((conflict) => conflict.columns(['movement_id', 'tracking_number', 'type']).doNothing())
          .execute();
        const known = await lockShipment(transaction, sql`tracking_number = ${trackingNumber}`);
        return known && applyMovement(transaction, known, type);
      });
      // The movement is kept: our booking may not be recorded yet, and applies it then.
      if (!shipment) throw shippingRefusal('ShipmentNotFound', 'no shipment has this tracking number');
      return shipment;
    },

    async listBooks({ after, limit }) {
      let query = selectShipments(db.selectFrom('shipments'))
        .orderBy('order_id')
        .orderBy(sql`coalesce(parcel_id, order_id)`)
        .limit(limit);
      if (after !== undefined) {
        const { orderId, parcelId } = positionOf(after);
        query = query.where(sql<boolean>`${SHIPMENT_KEY} > (${orderId}::uuid, ${parcelId}::uuid)`);
      }
      const items = (await query.execute()).map(shipmentOf);
      const last = items.length === limit ? items.at(-1) : undefined;
      return { items, next: last ? encodeCursor([last.orderId, last.parcelId]) : null };
    },
  };
}

/** The shipment that a cursor names. */
function positionOf(cursor: string): Parcel {
  const [orderId, parcelId] = decodeCursor(cursor, 2);
  const position = ParcelRef.safeParse({ orderId, parcelId });
  if (!position.success) throw shippingRefusal('BadCursor', 'this cursor was not issued by this list');
  return parcelOf(position.data);
}
