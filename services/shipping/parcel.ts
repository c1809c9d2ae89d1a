import { type RawBuilder, type SelectQueryBuilder, type Transaction, sql } from 'kysely';
import type { ParcelRef, Shipment } from '../../activities/shipping.ts';
import type { ShippingDatabase } from './database.ts';

/** A parcel by its id. */
export interface Parcel {
  orderId: string;
  parcelId: string;
}

/** The order's first parcel has the order's id. */
export const parcelOf = ({ orderId, parcelId = orderId }: ParcelRef): Parcel => ({ orderId, parcelId });

/** The column `parcel_id`: null for the order's first parcel. */
export const parcelColumn = ({ orderId, parcelId }: Parcel): string | null => (parcelId === orderId ? null : parcelId);

/** The key of a shipment, as its unique index has it. */
export const SHIPMENT_KEY = sql`(order_id, coalesce(parcel_id, order_id))`;

/** The condition for one parcel's row. */
export const isParcel = ({ orderId, parcelId }: Parcel): RawBuilder<boolean> =>
  sql<boolean>`order_id = ${orderId}::uuid and coalesce(parcel_id, order_id) = ${parcelId}::uuid`;

/** Reads the shipment and locks it for the rest of the transaction. */
export async function lockShipment(
  transaction: Transaction<ShippingDatabase>,
  condition: RawBuilder<boolean>,
): Promise<Shipment | undefined> {
  const row = await selectShipments(transaction.selectFrom('shipments'))
    .where(condition)
    .forUpdate()
    .executeTakeFirst();
  return row && shipmentOf(row);
}

export const selectShipments = (shipments: SelectQueryBuilder<ShippingDatabase, 'shipments', object>) =>
  shipments.select(['order_id', 'parcel_id', 'status', 'tracking_number', 'promised_by']);

type Row = Awaited<ReturnType<ReturnType<typeof selectShipments>['executeTakeFirstOrThrow']>>;

/** Converts a row to the contract's type. */
export const shipmentOf = ({ order_id, parcel_id, status, tracking_number, promised_by }: Row): Shipment => ({
  orderId: order_id,
  parcelId: parcel_id ?? order_id,
  status,
  trackingNumber: tracking_number,
  ...(promised_by && { promisedBy: promised_by.toISOString() }),
});
