import type { Kysely } from 'kysely';
import { type Shipment, type ShippingRequests, shippingRefusal } from '../../activities/shipping.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import type { ShippingDatabase } from './database.ts';
import { applyMovement, lockShipment } from './movements.ts';

export function createShippingRequests(db: Kysely<ShippingDatabase>): ShippingRequests {
  return {
    async recordMovement({ movementId, trackingNumber, type, at }) {
      const shipment = await db.transaction().execute(async (transaction): Promise<Shipment | undefined> => {
        await transaction
          .insertInto('movements')
          .values({ movement_id: movementId, tracking_number: trackingNumber, type, at })
          .onConflict((conflict) => conflict.columns(['movement_id', 'tracking_number', 'type']).doNothing())
          .execute();
        const known = await lockShipment(transaction, 'tracking_number', trackingNumber);
        return known && applyMovement(transaction, known, type);
      });
      // The movement is kept: our booking may not be recorded yet, and applies it then.
      if (!shipment) throw shippingRefusal('ShipmentNotFound', 'no shipment has this tracking number');
      return shipment;
    },

    async listBooks({ after, limit }) {
      let query = db
        .selectFrom('shipments')
        .select(['order_id as orderId', 'status', 'tracking_number as trackingNumber'])
        .orderBy('order_id')
        .limit(limit);
      if (after !== undefined) query = query.where('order_id', '>', decodeId(after));
      const items = await query.execute();
      const last = items.length === limit ? items.at(-1) : undefined;
      return { items, next: last ? encodeCursor([last.orderId]) : null };
    },
  };
}
