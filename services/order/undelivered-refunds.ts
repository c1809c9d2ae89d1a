import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { countedMinor, isForPieces } from './counted-refunds.ts';
import { piecesNotPaidBack, priceOf, roomForRefunds } from './money-back.ts';
import { isMissing } from './parcel-statuses.ts';
import { type ParcelRow, parcelsOfOne } from './parcels.ts';
import { linesOf } from './pieces.ts';
import { capturedMinorOf, takenMinorOf } from './statuses.ts';

// What is paid back for parcels that did not arrive. Each of these is right only under the order's lock.

/** An order with all of its parcels. */
interface Parcels {
  order: OrderRow;
  parcels: readonly ParcelRow[];
}

interface Decided {
  parcel: ParcelRow;
  parcels: readonly ParcelRow[];
  /** What was captured for it. */
  takenMinor: number;
  note: string;
  requestedBy: string;
}

/** Refunds a parcel that staff has just given up, as far as its pieces are not paid back yet. */
export async function refundGivenUp(
  work: Work,
  order: OrderRow,
  { parcel, parcels, takenMinor, note, requestedBy }: Decided,
): Promise<void> {
  const { lines, priceMinor } = payable(order, linesOf(parcel.lines), await piecesNotPaidBack(work, order));
  const roomWithAll = await roomForRefunds(work, { ...order, uncollected_minor: 0 });
  const dueMinor = Math.min(takenMinor, priceMinor, roomWithAll);
  const paidMinor = paidFor(parcel, { order, parcels }, await uncollectedOf(work, order));
  const amountMinor = Math.min(dueMinor, paidMinor, await roomForRefunds(work, order));
  // Pieces that are paid only in part are not named: so they are found once the rest is collected.
  const names = amountMinor === dueMinor ? lines : null;
  await insertRefund(work, order, { amountMinor, lines: names, note, requestedBy });
}

/**
 * Refunds the parcels that staff gave up while what was captured for them was not collected. A refund that a person has
 * decided against is not asked for again.
 */
export async function refundCollected(work: Work, order: OrderRow): Promise<void> {
  const parcels = await parcelsOfOne(work, order);
  // One without a price was not charged.
  const givenUp = parcels.filter((parcel) => isMissing(parcel) && parcel.action === 'refund' && parcel.price_minor > 0);
  if (givenUp.length === 0) return;
  const earlier = await work
    .selectFrom('refunds')
    .select([countedMinor.as('minor'), sql<boolean>`${isForPieces}`.as('for_pieces'), 'lines'])
    .where('order_id', '=', order.id)
    .where('reason', '=', 'not_delivered')
    .execute();
  const uncollected = await uncollectedOf(work, order);
  const paid = givenUp.map((parcel) => ({ parcel, minor: paidFor(parcel, { order, parcels }, uncollected) }));
  const collected = paid.filter(({ minor }) => minor > 0).map(({ parcel }) => parcel);
  // A refund names the pieces that it pays for.
  const unnamed = less(
    givenUp,
    earlier.flatMap(({ for_pieces, lines }) => (for_pieces ? (lines ?? []) : [])),
  );
  const contents = within(
    collected.flatMap((parcel) => parcel.lines),
    unnamed,
  );
  const { lines, priceMinor } = payable(order, contents, await piecesNotPaidBack(work, order));
  const owedMinor =
    paid.reduce((sum, { minor }) => sum + minor, 0) - earlier.reduce((sum, { minor }) => sum + minor, 0);
  await insertRefund(work, order, {
    amountMinor: Math.min(owedMinor, priceMinor, await roomForRefunds(work, order)),
    lines,
    note: 'for goods that did not arrive, paid once their capture was collected',
    requestedBy: 'order service',
  });
}

/** The part of its price that was captured: what the others that are captured leave of it. */
export const takenFor = (parcel: ParcelRow, { order, parcels }: Parcels): number =>
  Math.min(parcel.price_minor, Math.max(0, takenMinorOf(order) - priceOfOthers(parcel, parcels)));

/**
 * The same without what is not collected. The money of the others does not pay for a parcel whose own capture has failed: if that
 * is written off, they would be had for nothing. Nor does that parcel's price lessen what their own captures have paid.
 */
function paidFor(parcel: ParcelRow, { order, parcels }: Parcels, uncollected: ReadonlyMap<string, number>): number {
  const missingMinor = uncollected.get(parcel.id) ?? 0;
  const ownMinor = Math.max(0, (parcel.captured_minor ?? 0) - missingMinor);
  const leftMinor = missingMinor > 0 ? 0 : capturedMinorOf(order) - priceOfOthers(parcel, parcels, uncollected);
  return Math.min(takenFor(parcel, { order, parcels }), Math.max(ownMinor, leftMinor));
}

/** The price of the other parcels that are captured, without what is not collected of each. */
const priceOfOthers = (
  { id }: ParcelRow,
  parcels: readonly ParcelRow[],
  uncollected: ReadonlyMap<string, number> = new Map(),
): number =>
  parcels
    .filter((parcel) => parcel.id !== id && parcel.status !== 'canceled' && parcel.captured_minor !== null)
    .reduce((sum, other) => sum + Math.max(0, other.price_minor - (uncollected.get(other.id) ?? 0)), 0);

/** What was taken back of the capture of each parcel and is not collected, in minor units. */
async function uncollectedOf(work: Work, order: OrderRow): Promise<Map<string, number>> {
  if (order.uncollected_minor === 0) return new Map();
  const failed = await work.selectFrom('failed_captures').selectAll().where('order_id', '=', order.id).execute();
  const parcelOf = (captured: string): string => {
    // It took the place of one that had failed before.
    const before = failed.find(({ id }) => id === captured);
    return before ? parcelOf(before.parcel_id) : captured;
  };
  const missing = failed.filter(({ outcome }) => outcome === null || outcome === 'not_collected');
  return new Map(missing.map(({ parcel_id, amount_minor }) => [parcelOf(parcel_id), amount_minor]));
}

/** Those of the contents that are left, and at most how much is paid for them: no limit if all are. */
function payable(
  order: OrderRow,
  contents: readonly StockLine[],
  left: ReadonlyMap<string, number>,
): { lines: StockLine[]; priceMinor: number } {
  const lines = within(contents, left);
  const all =
    lines.length === contents.length && lines.every(({ quantity }, at) => quantity === contents[at]!.quantity);
  return { lines, priceMinor: all ? Infinity : priceOf(order, lines) };
}

const within = (pieces: readonly StockLine[], most: ReadonlyMap<string, number>): StockLine[] =>
  linesOf(pieces)
    .map(({ sku, quantity }) => ({ sku, quantity: Math.min(quantity, most.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);

/** The pieces of these parcels without the others, by SKU. */
function less(parcels: readonly ParcelRow[], others: readonly StockLine[]): Map<string, number> {
  const quantities = new Map(linesOf(others).map(({ sku, quantity }) => [sku, quantity]));
  const pieces = linesOf(parcels.flatMap(({ lines }) => lines));
  return new Map(pieces.map(({ sku, quantity }) => [sku, quantity - (quantities.get(sku) ?? 0)]));
}

async function insertRefund(
  work: Work,
  { id }: OrderRow,
  refund: { amountMinor: number; lines: StockLine[] | null; note: string; requestedBy: string },
): Promise<void> {
  if (refund.amountMinor <= 0) return;
  await work
    .insertInto('refunds')
    .values({
      id: randomUUID(),
      order_id: id,
      amount_minor: refund.amountMinor,
      lines: refund.lines && JSON.stringify(refund.lines),
      reason: 'not_delivered',
      note: storableText(refund.note),
      requested_by: refund.requestedBy,
    })
    .execute();
}
