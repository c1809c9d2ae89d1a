import { type Kysely, sql } from 'kysely';
import { type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { ListedParcel } from '../../activities/parcel.ts';
import { pageByAge } from '../../platform/database/cursor.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { type ParcelRow, findParcel, isLate, parcelsByAge, parcelsOf } from './parcels.ts';
import { parcelView } from './views.ts';

/** The parcels of all orders. */
export const createParcelRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'listParcels' | 'getParcel'> => ({
  async listParcels({ limit, ...sought }) {
    const { rows } = await sql<{ id: string; order_id: string; created_at: Date }>`
      ${parcelsByAge({ ...sought, limit: limit + 1 })}`.execute(db);
    const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
    const orders = await ordersOf(db, [...new Set(items.map(({ order_id }) => order_id))]);
    const parcels = await parcelsOf(db, [...orders.values()]);
    return {
      items: items.flatMap(({ id, order_id }) =>
        parcels
          .get(order_id)!
          .filter((parcel) => parcel.id === id)
          .map((parcel) => listed(parcel, orders.get(order_id)!)),
      ),
      next,
    };
  },

  async getParcel({ parcelId }) {
    const found = await findParcel(db, parcelId);
    if (!found) throw orderRefusal('ParcelNotFound', `there is no parcel ${parcelId}`);
    return listed(found.parcel, found.order);
  },
});

async function ordersOf(db: Kysely<OrderDatabase>, orderIds: readonly string[]): Promise<Map<string, OrderRow>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('orders')
    .selectAll()
    .where('id', '=', sql<string>`any(${orderIds}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

const listed = (parcel: ParcelRow, order: OrderRow): ListedParcel => ({
  parcel: parcelView(parcel),
  orderId: order.id,
  orderNumber: String(order.number),
  customerId: order.customer_id,
  late: isLate(parcel, order),
  decided: parcel.action === null ? null : { action: parcel.action, note: parcel.note!, by: parcel.decided_by! },
});
