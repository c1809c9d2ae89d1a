import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Order, OrderRequests } from '../../activities/order.ts';
import type { OrderRecord } from '../../activities/order-search.ts';
import { pageByAge } from '../../platform/database/cursor.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { search } from './search.ts';

/** What staff find, as orders or as the rows of a table. */
export const createSearchRequests = (
  db: Kysely<OrderDatabase>,
  viewsOf: (rows: OrderRow[]) => Promise<Order[]>,
): Pick<OrderRequests, 'searchOrders' | 'exportOrders'> => ({
  async searchOrders({ limit, ...request }) {
    const rows = await search(db, { ...request, limit: limit + 1 }, (work, found) =>
      work
        .selectFrom('orders')
        .selectAll()
        .where(isAmong(found))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute(),
    );
    const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
    return { items: await viewsOf(items), next };
  },

  async exportOrders({ limit, ...request }) {
    const rows = await search(db, { ...request, limit: limit + 1 }, recordsAmong);
    const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
    return { items: items.map(recordOf), next };
  },
});

const isAmong = (found: RawBuilder<unknown>) => sql<boolean>`orders.id in (${found})`;

const recordsAmong = (work: Kysely<OrderDatabase>, found: RawBuilder<unknown>) =>
  work
    .selectFrom('orders')
    .leftJoin('contacts', 'contacts.customer_id', 'orders.customer_id')
    .select([
      'orders.id',
      'number',
      'orders.created_at',
      'status',
      'payment_status',
      'fulfillment_status',
      'orders.customer_id',
      'contacts.email',
      'contacts.name',
      'total_minor',
      'refunded_minor',
      'currency',
      'tracking_number',
      sql<string>`shipping_address->>'country'`.as('country'),
      sql<number>`jsonb_array_length(lines)`.as('lines'),
      sql<number>`(select sum((line->>'quantity')::bigint)::bigint from jsonb_array_elements(lines) as line)`.as(
        'pieces',
      ),
    ])
    .where(isAmong(found))
    .orderBy('orders.created_at', 'desc')
    .orderBy('orders.id', 'desc')
    .execute();

const recordOf = (row: Awaited<ReturnType<typeof recordsAmong>>[number]): OrderRecord => ({
  id: row.id,
  number: String(row.number),
  placedAt: row.created_at.toISOString(),
  status: row.status,
  paymentStatus: row.payment_status,
  fulfillmentStatus: row.fulfillment_status,
  customerId: row.customer_id,
  contact: row.email === null || row.name === null ? null : { email: row.email, name: row.name },
  country: row.country,
  lines: row.lines,
  pieces: row.pieces,
  total: { amountMinor: row.total_minor, currency: row.currency },
  refunded: { amountMinor: row.refunded_minor, currency: row.currency },
  trackingNumber: row.tracking_number,
});
