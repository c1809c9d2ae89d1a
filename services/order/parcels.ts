import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { FulfillmentStatus } from '../../activities/order-status.ts';
import type { ParcelStatus } from '../../activities/parcel.ts';
import { type Age, decodeAge } from '../../platform/database/cursor.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import type { OrderDatabase, ParcelsTable } from './database.ts';
import { piecesOf } from './pieces.ts';
import { notEnded, takenMinorOf } from './statuses.ts';

// An order travels in one parcel, which the order's own row describes, so that most orders have no further row. Once something
// divides or replaces the parcel, or it does not arrive as it should, rows in `parcels` describe how the order travels, the
// first parcel included. Only this file knows of both.

export type ParcelRow = Omit<Selectable<ParcelsTable>, 'position'>;
type Parcels = ReadonlyMap<string, ParcelRow[]>;

/** The parcels of these orders by the order's id, canceled ones included, in the sequence in which they were made. */
export async function parcelsOf(db: Kysely<OrderDatabase>, orders: readonly OrderRow[]): Promise<Parcels> {
  const inRows = orders.filter(({ in_parcels }) => in_parcels).map(({ id }) => id);
  const rows = inRows.length === 0 ? [] : await rowsOf(db, inRows);
  const byOrder = Map.groupBy(rows, ({ order_id }) => order_id);
  return new Map(orders.map((order) => [order.id, byOrder.get(order.id) ?? ownParcel(order)]));
}

/** Those of one order. */
export const parcelsOfOne = async (db: Kysely<OrderDatabase>, order: OrderRow): Promise<ParcelRow[]> =>
  (await parcelsOf(db, [order])).get(order.id)!;

/** A parcel by its id, with its order. */
export async function findParcel(
  db: Kysely<OrderDatabase>,
  parcelId: string,
): Promise<{ parcel: ParcelRow; order: OrderRow } | undefined> {
  const order = await db
    .selectFrom('orders')
    .selectAll()
    .where(
      'id',
      '=',
      sql<string>`coalesce((select order_id from parcels where parcels.id = ${parcelId}), ${parcelId}::uuid)`,
    )
    .where('recorded_at', 'is not', null)
    .executeTakeFirst();
  const parcel = order && (await parcelsOfOne(db, order)).find(({ id }) => id === parcelId);
  return parcel && { parcel, order };
}

/** Whether it is late now; the same as `ownIsLate` and `rowIsLate` below. */
export const isLate = ({ promised_by, status, action }: ParcelRow, order: OrderRow): boolean =>
  promised_by !== null &&
  promised_by.getTime() < Date.now() &&
  action === null &&
  status !== 'delivered' &&
  status !== 'canceled' &&
  !['rejected', 'canceled'].includes(order.resume_status ?? order.status);

const rowsOf = (db: Kysely<OrderDatabase>, orderIds: readonly string[]) =>
  db
    .selectFrom('parcels')
    .selectAll()
    .where('order_id', '=', sql<string>`any(${orderIds}::uuid[])`)
    .orderBy('position')
    .execute();

const OWN_STATUSES: Partial<Record<FulfillmentStatus, ParcelStatus>> = {
  booked: 'booked',
  shipped: 'dispatched',
  delivered: 'delivered',
  partially_returned: 'delivered',
  returned: 'delivered',
  canceled: 'canceled',
};

/** The parcel that an order's own row describes; none before it is booked. */
function ownParcel(order: OrderRow): ParcelRow[] {
  const status = OWN_STATUSES[order.fulfillment_status];
  if (status === undefined || order.tracking_number === null || order.in_parcels) return [];
  const captured = takenMinorOf(order);
  return [
    {
      id: order.id,
      order_id: order.id,
      lines: piecesOf(order.lines),
      status,
      tracking_number: order.tracking_number,
      promised_by: order.promised_by,
      price_minor: order.total_minor,
      asked_minor: null,
      captured_minor: captured > 0 ? captured : null,
      told_late_at: null,
      action: null,
      note: null,
      decided_by: null,
      decided_at: null,
      created_at: order.created_at,
      updated_at: order.updated_at,
    },
  ];
}

/** Has rows describe from now on how the order travels. Call it under the order's lock. */
export async function asRows(work: Work, order: OrderRow): Promise<ParcelRow[]> {
  const parcels = await parcelsOfOne(work, order);
  if (order.in_parcels) return parcels;
  for (const parcel of parcels) {
    await work
      .insertInto('parcels')
      .values({ ...parcel, lines: JSON.stringify(parcel.lines) })
      .execute();
  }
  await work
    .updateTable('orders')
    .set({ in_parcels: true, captured_minor: takenMinorOf(order) })
    .where('id', '=', order.id)
    .execute();
  return parcels;
}

// SQL over `orders` and `parcels`. The statuses are written out, so that the planner finds the partial indexes.

/** The order travels in one parcel, which its own row describes. */
export const inOneParcel: RawBuilder<boolean> = sql`not orders.in_parcels`;

const ownIsLate = sql<boolean>`(${inOneParcel} and orders.promised_by < now()
  and orders.fulfillment_status in ('booked', 'shipped') and ${notEnded})`;
// A subquery with a value: one with `exists` might read all orders.
const rowIsLate = sql<boolean>`(parcels.promised_by < now() and parcels.promised_by is not null
  and parcels.action is null and parcels.status not in ('delivered', 'canceled')
  and (select ${notEnded} from orders where orders.id = parcels.order_id))`;

const lateOrders = sql`array(
  select id from orders where ${ownIsLate} union all select order_id from parcels where ${rowIsLate})`;

/** Whether the order has a late parcel. */
export const hasLateParcel = (late: boolean): RawBuilder<boolean> =>
  late ? sql`orders.id = any(${lateOrders})` : sql`orders.id <> all(${lateOrders})`;

/** The order has a parcel with this tracking number. */
export const hasTrackingNumber = (trackingNumber: string): RawBuilder<boolean> => {
  const sought = storableText(trackingNumber);
  return sql`orders.id = any(array(
    select id from orders where tracking_number = ${sought}
    union all select order_id from parcels where tracking_number = ${sought}))`;
};

/** The parcels of orders that end before they leave. `ended`: a part of the statement, with the orders' columns. */
export const cancelUnsent = (ended: RawBuilder<unknown>) => sql`
  update parcels set status = 'canceled', updated_at = now() from ${ended} as ended
   where parcels.order_id = ended.id and ended.fulfillment_status <> 'booked'
     and parcels.status in ('waiting', 'booked')`;

/** What is sought among the parcels of all orders. */
export interface SoughtParcels {
  late?: boolean | undefined;
  status?: ParcelStatus | undefined;
  after?: string | undefined;
  limit: number;
}

/** A query for the ids, orders and times of the newest parcels of this kind. A first parcel is as old as its order. */
export function parcelsByAge({ late, status, after, limit }: SoughtParcels): RawBuilder<unknown> {
  const age = after === undefined ? undefined : decodeAge(after);
  const rows = [
    ...olderThanAge('parcels', age),
    ...(status === undefined ? [] : [sql`parcels.status = ${sql.lit(status)}`]),
    ...(late === undefined ? [] : [late ? rowIsLate : sql`${rowIsLate} is not true`]),
  ];
  const own = [
    inOneParcel,
    sql`orders.recorded_at is not null and orders.tracking_number is not null`,
    sql`orders.fulfillment_status ${among(ownStatusesOf(status))}`,
    ...olderThanAge('orders', age),
    ...(late === undefined ? [] : [late ? ownIsLate : sql`${ownIsLate} is not true`]),
  ];
  const newest = (query: RawBuilder<unknown>, conditions: RawBuilder<unknown>[]) => sql`
    (${query} where ${sql.join(conditions, sql` and `)} order by created_at desc, id desc limit ${limit})`;
  return sql`
    select id, order_id, created_at from (
      ${newest(sql`select id, order_id, created_at from parcels`, [sql`true`, ...rows])}
      union all
      ${newest(sql`select id, id as order_id, created_at from orders`, own)}) as found
     order by created_at desc, id desc limit ${limit}`;
}

const olderThanAge = (table: string, age: Age | undefined) =>
  age ? [sql`(${sql.ref(`${table}.created_at`)}, ${sql.ref(`${table}.id`)}) < (${age.at}, ${age.id}::uuid)`] : [];

const ownStatusesOf = (status: ParcelStatus | undefined) =>
  (Object.entries(OWN_STATUSES) as [FulfillmentStatus, ParcelStatus][])
    .filter(([, own]) => status === undefined || own === status)
    .map(([fulfillment]) => fulfillment);

const among = (statuses: readonly string[]) =>
  statuses.length === 0 ? sql`is null` : sql`in (${sql.join(statuses.map((status) => sql.lit(status)))})`;

/** For the metrics: since when the orders of each kind wait, of those that are booked, on their way, or not paid for. */
export const WAITING_PARCELS = {
  dispatch: sql<{ since: Date }>`
    select updated_at as since from orders
     where fulfillment_status = 'booked' and ${inOneParcel} and ${notEnded}
    union all
    select min(parcels.updated_at) from parcels join orders on orders.id = order_id
     where parcels.status = 'booked' and ${notEnded} group by order_id`,
  delivery: sql<{ since: Date }>`
    select updated_at as since from orders where fulfillment_status = 'shipped' and ${inOneParcel}
    union all
    select min(updated_at) from parcels
     where status in ('dispatched', 'delayed') or (status in ('lost', 'returned_to_sender') and action = 'wait')
     group by order_id`,
  // Not where a person decides about the payment, or its customer names another method.
  capture: sql<{ since: Date }>`
    select updated_at as since from orders
     where payment_status = 'authorized' and fulfillment_status in ('shipped', 'delivered') and ${inOneParcel}
    union all
    select min(parcels.updated_at) from parcels join orders on orders.id = order_id
     where parcels.captured_minor is null and price_minor > 0
       and parcels.status not in ('waiting', 'booked', 'canceled')
       and payment_status in ('authorized', 'partially_captured')
     group by order_id`,
  parcel_decision: sql<{ since: Date }>`
    select min(updated_at) as since from parcels
     where status in ('lost', 'returned_to_sender') and action is null group by order_id`,
};
