import { type Kysely, type Selectable, sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { DraftReturn, ReturnStatus } from '../../activities/return.ts';
import { canBeReturned } from './allowed-actions.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import type { OrderDatabase, ReturnsTable } from './database.ts';
import { type ParcelRow, parcelsOf } from './parcels.ts';
import { linesOf } from './pieces.ts';
import { returnView } from './views.ts';

/** Requests a return, and reads the returns requested so far. */
export const createReturnRequests = (
  db: Kysely<OrderDatabase>,
): Pick<OrderRequests, 'draftReturn' | 'getReturn' | 'listReturns'> => ({
  draftReturn: (request) =>
    db.transaction().execute(async (work) => {
      const order = await lockOrder(work, request.orderId);
      const stored = await work.selectFrom('returns').selectAll().where('id', '=', request.returnId).executeTakeFirst();
      if (stored) {
        if (isSameRequest(stored, request)) return returnView(stored, order.currency);
        throw orderRefusal(
          'ReturnDiffers',
          'this return was already requested with different lines or a different reason',
        );
      }
      await checkReturnable(work, order, request);
      const row = await work
        .insertInto('returns')
        .values({
          id: request.returnId,
          order_id: order.id,
          customer_id: order.customer_id,
          lines: JSON.stringify(request.lines),
          reason: request.reason,
          refund_minor: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return returnView(row, order.currency);
    }),

  async getReturn({ returnId }) {
    const row = await db.selectFrom('returns').selectAll().where('id', '=', returnId).executeTakeFirst();
    if (!row) throw orderRefusal('ReturnNotFound', `there is no return ${returnId}`);
    return returnView(row, await currencyOf(db, row.order_id));
  },

  async listReturns({ orderId }) {
    const currency = await currencyOf(db, orderId);
    const rows = await db
      .selectFrom('returns')
      .selectAll()
      .where('order_id', '=', orderId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return { items: rows.map((row) => returnView(row, currency)) };
  },
});

async function checkReturnable(work: Work, order: OrderRow, { lines }: DraftReturn): Promise<void> {
  if (!canBeReturned(order, Date.now())) {
    throw orderRefusal('NotReturnable', 'only delivered orders can be returned, and only within the return window');
  }
  const left = await stillWithCustomer(work, order, NOT_WITH_CUSTOMER);
  for (const { sku, quantity } of lines) {
    const after = (left.get(sku) ?? 0) - quantity;
    if (after < 0) throw orderRefusal('TooMany', `at most ${left.get(sku) ?? 0} of ${sku} can be returned`);
    left.set(sku, after);
  }
}

/** Pieces in a return of these states have come back. */
export const CAME_BACK: ReturnStatus[] = ['received', 'refunded', 'not_refunded'];
/** Pieces in a return of these states have come back, or are about to. */
const NOT_WITH_CUSTOMER: ReturnStatus[] = ['requested', ...CAME_BACK];

/** The ids of those orders of which some pieces can be returned now. `parcels`: those of these orders. */
export async function returnableAmong(
  db: Kysely<OrderDatabase>,
  orders: readonly OrderRow[],
  parcels: ReadonlyMap<string, readonly ParcelRow[]>,
): Promise<Set<string>> {
  const candidates = orders.filter((order) => canBeReturned(order, Date.now()));
  if (candidates.length === 0) return new Set();
  const returns = await db
    .selectFrom('returns')
    .selectAll()
    .where('order_id', '=', sql<string>`any(${candidates.map(({ id }) => id)}::uuid[])`)
    .where('status', 'in', NOT_WITH_CUSTOMER)
    .execute();
  const byOrder = Map.groupBy(returns, ({ order_id }) => order_id);
  const some = candidates.filter((order) =>
    [...piecesLeft(delivered(order, parcels.get(order.id)!), byOrder.get(order.id) ?? []).values()].some(
      (quantity) => quantity > 0,
    ),
  );
  return new Set(some.map(({ id }) => id));
}

/**
 * Quantity per SKU that was delivered and is not covered by a return in one of these states: the requested lines, or the
 * received ones once goods arrived.
 */
export async function stillWithCustomer(
  work: Work,
  order: OrderRow,
  states: ReturnStatus[],
): Promise<Map<string, number>> {
  const parcels = await parcelsOf(work, [order]);
  const returns = await work
    .selectFrom('returns')
    .selectAll()
    .where('order_id', '=', order.id)
    .where('status', 'in', states)
    .execute();
  return piecesLeft(delivered(order, parcels.get(order.id)!), returns);
}

/** The lines that were delivered. An order that travels in one parcel is asked about only once that is. */
const delivered = (order: OrderRow, parcels: readonly ParcelRow[]): readonly StockLine[] =>
  order.in_parcels ? parcels.filter(({ status }) => status === 'delivered').flatMap(({ lines }) => lines) : order.lines;

function piecesLeft(lines: readonly StockLine[], returns: readonly Selectable<ReturnsTable>[]): Map<string, number> {
  const left = new Map(linesOf(lines).map(({ sku, quantity }) => [sku, quantity]));
  for (const { status, lines: requested, received } of returns) {
    for (const { sku, quantity } of status === 'requested' ? requested : received)
      left.set(sku, (left.get(sku) ?? 0) - quantity);
  }
  return left;
}

const isSameRequest = (stored: { lines: unknown; reason: string; order_id: string }, request: DraftReturn) =>
  stored.order_id === request.orderId &&
  stored.reason === request.reason &&
  canonical(stored.lines) === canonical(request.lines);

/** jsonb does not preserve the order of keys. */
const canonical = (lines: unknown) =>
  JSON.stringify((lines as { sku: string; quantity: number }[]).map(({ sku, quantity }) => [sku, quantity]));

/** Locks the order's row, so that the returns of one order are requested and recorded one at a time. */
export async function lockOrder(work: Work, orderId: string): Promise<OrderRow> {
  const order = await work
    .selectFrom('orders')
    .selectAll()
    .where('id', '=', orderId)
    .where('recorded_at', 'is not', null)
    .forUpdate()
    .executeTakeFirst();
  if (!order) throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
  return order;
}

async function currencyOf(db: Kysely<OrderDatabase>, orderId: string): Promise<string> {
  const order = await db.selectFrom('orders').select('currency').where('id', '=', orderId).executeTakeFirst();
  if (!order) throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
  return order.currency;
}
