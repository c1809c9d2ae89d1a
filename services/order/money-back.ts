import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { countedMinor, isForPieces } from './counted-refunds.ts';
import { linesOf } from './pieces.ts';
import { CAME_BACK, stillWithCustomer } from './returns.ts';
import { capturedMinorOf, setPaymentStatus, statusOfPayment, takenMinorOf } from './statuses.ts';

// Each of these is right only under the order's lock: refunds and returns of one order are counted one at a time.

/** How much can still be refunded: what was captured and is neither refunded nor about to be, in minor units. */
export async function roomForRefunds(work: Work, order: OrderRow): Promise<number> {
  const { rows } = await sql<{ pending: number }>`
    select (select coalesce(sum(amount_minor), 0) from refunds
             where order_id = ${order.id} and status = 'requested')::bigint
         + (select coalesce(sum(refund_minor), 0) from returns
             where order_id = ${order.id} and status = 'received')::bigint as pending`.execute(work);
  return Math.max(0, capturedMinorOf(order) - order.refunded_minor - rows[0]!.pending);
}

/**
 * How much of it can be paid for goods that come back, if these do too. While something is not collected, the customer keeps the
 * price of the goods they keep: a return names no parcel, so it cannot be told whether its goods are those that were paid for, and
 * the unpaid ones are perhaps never collected.
 */
export async function roomForReturns(work: Work, order: OrderRow, goods: readonly StockLine[] = []): Promise<number> {
  const room = await roomForRefunds(work, order);
  if (order.uncollected_minor === 0) return room;
  const kept = minus(await stillWithCustomer(work, order, CAME_BACK), sumOf(goods));
  const keptMinor = priceOf(
    order,
    [...kept].map(([sku, quantity]) => ({ sku, quantity: Math.max(0, quantity) })),
  );
  return Math.max(0, room - keptMinor);
}

type Pieces = Map<string, number>;

/** Pieces per SKU that are sent, and that neither a return nor a refund of lines has paid back, or is about to. */
export async function piecesNotPaidBack(work: Work, order: OrderRow): Promise<Pieces> {
  const [returned, refunded] = [await returnedPieces(work, order), await refundedPieces(work, order)];
  return minus(minus(minus(sumOf(order.lines), sumOf(order.canceled_lines ?? [])), returned), refunded);
}

/**
 * What is still owed for the goods that came back, in minor units, if these come back too. A piece that a refund of lines has
 * paid for is owed nothing when it comes back; pieces that were not delivered cannot come back.
 */
export async function owedForReturns(work: Work, order: OrderRow, goods: readonly StockLine[] = []): Promise<number> {
  const returned = await returnedPieces(work, order);
  for (const { sku, quantity } of goods) returned.set(sku, (returned.get(sku) ?? 0) + quantity);
  const refunded = await refundedPieces(work, order, sql`and reason <> 'not_delivered'`);
  const unpaid = [...returned].map(([sku, quantity]) => ({
    sku,
    quantity: Math.max(0, quantity - (refunded.get(sku) ?? 0)),
  }));
  const { rows } = await sql<{ paid: number }>`
    select (select coalesce(sum(refund_minor), 0) from returns
             where order_id = ${order.id} and status in ('received', 'refunded'))::bigint
         + (select coalesce(sum(${countedMinor}), 0) from refunds
             where order_id = ${order.id} and tops_up_returns and status <> 'not_refunded')::bigint as paid`.execute(
    work,
  );
  return Math.max(0, priceOf(order, unpaid) - rows[0]!.paid);
}

/** Refunds what was captured for pieces that are not sent, and is not refunded for that reason yet. */
export async function refundCanceled(work: Work, order: OrderRow): Promise<void> {
  const { rows } = await sql<{ before: number }>`
    select coalesce(sum(${countedMinor}), 0)::bigint as before from refunds
     where order_id = ${order.id} and reason = 'canceled'`.execute(work);
  const owed = capturedMinorOf(order) - (order.total_minor - order.canceled_minor) - rows[0]!.before;
  const amountMinor = Math.min(owed, await roomForRefunds(work, order));
  if (amountMinor <= 0) return;
  await work
    .insertInto('refunds')
    .values({
      id: randomUUID(),
      order_id: order.id,
      amount_minor: amountMinor,
      lines: null,
      reason: 'canceled',
      note: null,
      requested_by: 'order service',
    })
    .execute();
}

/** What these pieces cost when they were ordered, in minor units. */
export function priceOf(order: OrderRow, pieces: readonly StockLine[]): number {
  const prices = new Map(order.lines.map(({ sku, unitPrice }) => [sku, unitPrice.amountMinor]));
  return pieces.reduce((sum, { sku, quantity }) => {
    const price = prices.get(sku);
    if (price === undefined) throw new Error(`order ${order.id} contains no ${sku}`);
    return sum + price * quantity;
  }, 0);
}

/** The column changes of an order of which this amount was paid back. */
export function paidBack(order: OrderRow, amountMinor: number) {
  if (amountMinor === 0) return {};
  const refundedMinor = order.refunded_minor + amountMinor;
  const status = statusOfPayment({ ...order, refunded_minor: refundedMinor }, takenMinorOf(order) > 0);
  return { refunded_minor: refundedMinor, ...setPaymentStatus(status) };
}

/** The column changes of an order of which this amount was not paid back after all. */
export function takenBack(order: OrderRow, amountMinor: number) {
  const refundedMinor = order.refunded_minor - amountMinor;
  const status = statusOfPayment({ ...order, refunded_minor: refundedMinor }, true);
  return { refunded_minor: refundedMinor, ...setPaymentStatus(status) };
}

const sumOf = (lines: readonly StockLine[]): Pieces =>
  new Map(linesOf(lines).map(({ sku, quantity }) => [sku, quantity]));

function minus(pieces: Pieces, others: Pieces): Pieces {
  return new Map([...pieces].map(([sku, quantity]) => [sku, quantity - (others.get(sku) ?? 0)]));
}

const returnedPieces = (work: Work, { id }: OrderRow): Promise<Pieces> =>
  sumOfLines(work, sql`select received from returns where order_id = ${id} and status in ('received', 'refunded')`);

/** Canceled pieces are counted with the order: a refund for them is left out. */
const refundedPieces = (work: Work, { id }: OrderRow, condition = sql``): Promise<Pieces> =>
  sumOfLines(
    work,
    sql`select lines from refunds
         where order_id = ${id} and status <> 'not_refunded' and reason <> 'canceled' and ${isForPieces} ${condition}`,
  );

async function sumOfLines(work: Work, lists: RawBuilder<unknown>): Promise<Pieces> {
  const { rows } = await sql<StockLine>`
    select line->>'sku' as sku, sum((line->>'quantity')::bigint)::bigint as quantity
      from (${lists}) as listed (lines), jsonb_array_elements(listed.lines) as line
     group by 1`.execute(work);
  return new Map(rows.map(({ sku, quantity }) => [sku, quantity]));
}
