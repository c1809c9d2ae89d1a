import { type Kysely, sql } from 'kysely';
import { type Shipment, type ShippingRequests, shippingRefusal } from '../../activities/shipping.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import type { Carrier } from './carrier.ts';
import type { ShippingDatabase } from './database.ts';
import { applyMovement } from './movements.ts';
import { lockShipment, selectShipments, shipmentOf } from './parcel.ts';

export function createShippingRequests(
  db: Kysely<ShippingDatabase>,
  carrier: Pick<Carrier, 'readLedger'> = {},
): ShippingRequests {
  return {
    readCarrierLedger: async (request) => ({ page: (await carrier.readLedger?.(request)) ?? null }),

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
      // One order more than requested shows whether there is a next page.
      const page = db
        .selectFrom('shipments')
        .select('order_id')
        .distinct()
        .where('order_id', '>', after === undefined ? FIRST : decodeId(after))
        .orderBy('order_id')
        .limit(limit + 1);
      const rows = await selectShipments(db.selectFrom('shipments'))
        .where('order_id', 'in', page)
        .orderBy('order_id')
        .orderBy(sql`coalesce(parcel_id, order_id)`)
        .execute();
      const orderIds = [...new Set(rows.map(({ order_id }) => order_id))];
      const last = orderIds.length > limit ? orderIds[limit - 1]! : undefined;
      const items = rows.filter(({ order_id }) => last === undefined || order_id <= last).map(shipmentOf);
      return { items, next: last === undefined ? null : encodeCursor([last]) };
    },
  };
}

/** Sorts before every order id: RFC 9562's nil UUID. */
const FIRST = '00000000-0000-0000-0000-000000000000';
