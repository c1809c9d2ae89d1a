import { type Kysely, sql } from 'kysely';
import type { OrderRequests, OrderSummary } from '../../activities/order.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { type ParcelRow, parcelsOf } from './parcels.ts';
import { linesOf } from './pieces.ts';
import { capturedMinorOf } from './statuses.ts';

/** Every recorded order by ascending id, for reconciliation. */
export const createReconciliationRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'listBooks'> => ({
  async listBooks({ after, limit }) {
    let query = db
      .selectFrom('orders')
      .selectAll()
      .where('recorded_at', 'is not', null)
      .orderBy('id')
      .limit(limit + 1);
    if (after) query = query.where('id', '>', decodeId(after));
    const orders = await query.execute();
    const page = orders.slice(0, limit);
    const restocked = await restockedByOrder(
      db,
      page.map(({ id }) => id),
    );
    const parcels = await parcelsOf(db, page);
    const last = page.at(-1);
    return {
      items: page.map((order) =>
        orderBook(order, { restocked: restocked.get(order.id) ?? [], parcels: parcels.get(order.id)! }),
      ),
      next: orders.length > limit && last ? encodeCursor([last.id]) : null,
    };
  },
});

const orderBook = (
  order: OrderRow,
  { restocked, parcels }: { restocked: OrderSummary['restocked']; parcels: readonly ParcelRow[] },
): OrderSummary => ({
  orderId: order.id,
  status: order.status,
  paymentStatus: order.payment_status,
  ...(order.resume_payment_status && { underlyingPaymentStatus: order.resume_payment_status }),
  fulfillmentStatus: order.fulfillment_status,
  total: { amountMinor: order.total_minor, currency: order.currency },
  lines: order.lines.map(({ sku, quantity }) => ({ sku, quantity })),
  refundedMinor: order.refunded_minor,
  restocked,
  trackingNumber: order.tracking_number,
  capturedMinor: capturedMinorOf(order),
  canceled: linesOf(order.canceled_lines ?? []),
  canceledMinor: order.canceled_minor,
  parcels: parcels.map(({ id, tracking_number, status }) => ({ id, trackingNumber: tracking_number, status })),
  awaitsCustomerUntil: order.next_action?.expiresAt ?? order.payment_method_until?.toISOString() ?? null,
  updatedAt: order.updated_at.toISOString(),
});

/** The quantities received back in resellable condition, summed per SKU. */
async function restockedByOrder(
  db: Kysely<OrderDatabase>,
  orderIds: string[],
): Promise<Map<string, OrderSummary['restocked']>> {
  if (orderIds.length === 0) return new Map();
  const { rows } = await sql<{ order_id: string; sku: string; quantity: number }>`
    select order_id, line->>'sku' as sku, sum((line->>'quantity')::bigint)::bigint as quantity
      from returns, jsonb_array_elements(received) as line
     where order_id = any(${orderIds}::uuid[]) and line->>'condition' = 'resellable'
     group by order_id, sku order by sku`.execute(db);
  const byOrder = Map.groupBy(rows, (row) => row.order_id);
  return new Map(
    [...byOrder].map(([orderId, lines]) => [orderId, lines.map(({ sku, quantity }) => ({ sku, quantity }))]),
  );
}
