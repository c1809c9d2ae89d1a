import { type RawBuilder, sql } from 'kysely';
import type { OrderRow, Work } from './bookkeeping.ts';
import { capturedMinorOf, setPaymentStatus } from './statuses.ts';

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

type Pieces = Map<string, number>;

/** Pieces per SKU that neither a return nor a refund of lines has paid back, or is about to. */
export async function piecesNotPaidBack(work: Work, order: OrderRow): Promise<Pieces> {
  const [returned, refunded] = [await returnedPieces(work, order), await refundedPieces(work, order)];
  return minus(minus(orderedPieces(order), returned), refunded);
}

/**
 * What is still owed for the goods that came back, in minor units, if these come back too. A piece that a refund of lines has
 * paid for is owed nothing when it comes back; pieces that were not delivered cannot come back.
 */
export async function owedForReturns(work: Work, order: OrderRow, goods: readonly Piece[] = []): Promise<number> {
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
         + (select coalesce(sum(amount_minor), 0) from refunds
             where order_id = ${order.id} and tops_up_returns and status <> 'not_refunded')::bigint as paid`.execute(
    work,
  );
  return Math.max(0, priceOf(order, unpaid) - rows[0]!.paid);
}

interface Piece {
  sku: string;
  quantity: number;
}

/** What these pieces cost when they were ordered, in minor units. */
export function priceOf(order: OrderRow, pieces: readonly Piece[]): number {
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
  const all = refundedMinor === capturedMinorOf(order);
  return { refunded_minor: refundedMinor, ...setPaymentStatus(all ? 'refunded' : 'partially_refunded') };
}

function orderedPieces({ lines }: OrderRow): Pieces {
  const pieces: Pieces = new Map();
  for (const { sku, quantity } of lines) pieces.set(sku, (pieces.get(sku) ?? 0) + quantity);
  return pieces;
}

function minus(pieces: Pieces, others: Pieces): Pieces {
  return new Map([...pieces].map(([sku, quantity]) => [sku, quantity - (others.get(sku) ?? 0)]));
}

const returnedPieces = (work: Work, { id }: OrderRow): Promise<Pieces> =>
  sumOfLines(work, sql`select received from returns where order_id = ${id} and status in ('received', 'refunded')`);

const refundedPieces = (work: Work, { id }: OrderRow, condition = sql``): Promise<Pieces> =>
  sumOfLines(
    work,
    sql`select lines from refunds
         where order_id = ${id} and status <> 'not_refunded' and lines is not null ${condition}`,
  );

async function sumOfLines(work: Work, lists: RawBuilder<unknown>): Promise<Pieces> {
  const { rows } = await sql<Piece>`
    select line->>'sku' as sku, sum((line->>'quantity')::bigint)::bigint as quantity
      from (${lists}) as listed (lines), jsonb_array_elements(listed.lines) as line
     group by 1`.execute(work);
  return new Map(rows.map(({ sku, quantity }) => [sku, quantity]));
}
