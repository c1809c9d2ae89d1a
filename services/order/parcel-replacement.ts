import type { NewParcel, ReplaceParcels } from '../../activities/parcel.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { type ParcelsChange, changeParcel, parcelIn } from './parcel-changes.ts';
import { type ParcelRow, asRows } from './parcels.ts';
import { type Piece, PiecePool, linesOf, priceOfPieces, sumOfPieces } from './pieces.ts';

type Replacement = Pick<ReplaceParcels, 'replaced' | 'parcels' | 'shippingAddress' | 'canceledLines'>;

/** Replaces parcels that have not left by others, which together with the canceled pieces contain what they contained. */
export async function replace(
  work: Work,
  order: OrderRow,
  { replaced, parcels, shippingAddress, canceledLines }: Replacement,
): Promise<ParcelsChange | undefined> {
  const stored = await asRows(work, order);
  const old = replaced.map((parcelId) => parcelIn(stored, parcelId));
  if (isDone(stored, { old, parcels })) return undefined;
  const left = old.find(({ status }) => status !== 'waiting' && status !== 'booked');
  if (left) throw new Error(`parcel ${left.id} is ${left.status}: it cannot be replaced`);

  const { contents, canceled, canceledMinor } = divide(old, { parcels, canceledLines });
  for (const parcel of old) await changeParcel(work, parcel, { status: 'canceled' });
  // One that was sent again is paid for already, and so is what takes its place.
  const paid = old.every(({ captured_minor }) => captured_minor !== null);
  for (const content of contents) await insertParcel(work, order, { ...content, captured_minor: paid ? 0 : null });
  return {
    set: {
      ...(canceledLines && {
        canceled_lines: sumOfPieces([...(order.canceled_lines ?? []), ...canceled]),
        canceled_minor: order.canceled_minor + canceledMinor,
      }),
      ...(shippingAddress && {
        shipping_address: shippingAddress,
        placed_as: { shippingAddress: order.shipping_address, ...order.placed_as },
      }),
    },
    event: { type: 'order.changed', dataOf: () => ({ canceledLines, shippingAddress }) },
  };
}

/** Whether this replacement was recorded before. */
function isDone(
  stored: readonly ParcelRow[],
  { old, parcels }: { old: readonly ParcelRow[]; parcels: readonly NewParcel[] },
): boolean {
  const known = parcels.every(({ parcelId }) => stored.some(({ id }) => id === parcelId));
  return old.length + parcels.length > 0 && known && old.every(({ status }) => status === 'canceled');
}

interface Content {
  parcel: NewParcel;
  lines: Piece[];
  price_minor: number;
}

/** Divides the contents of the old parcels, to the last minor unit: the last of the new ones gets the remainder. */
function divide(
  old: readonly ParcelRow[],
  { parcels, canceledLines = [] }: Pick<Replacement, 'parcels' | 'canceledLines'>,
): { contents: Content[]; canceled: Piece[]; canceledMinor: number } {
  const pool = new PiecePool(old.flatMap(({ lines }) => lines));
  const taken = parcels.map((parcel) => ({ parcel, lines: pool.take(parcel.lines) }));
  const canceled = pool.take(canceledLines);
  if (!pool.isEmpty) throw new Error('some pieces of the replaced parcels are neither sent nor canceled');
  const all = old.reduce((sum, { price_minor }) => sum + price_minor, 0);
  const canceledMinor = taken.length === 0 ? all : Math.min(all, priceOfPieces(canceled));
  let rest = all - canceledMinor;
  const contents = taken.map(({ parcel, lines }, at) => {
    const price_minor = at === taken.length - 1 ? rest : Math.min(rest, priceOfPieces(lines));
    rest -= price_minor;
    return { parcel, lines, price_minor };
  });
  return { contents, canceled, canceledMinor };
}

/** `captured_minor`: null if it is to be paid for when it leaves. */
export async function insertParcel(
  work: Work,
  { id: orderId }: OrderRow,
  { parcel, lines, ...amounts }: Content & Pick<ParcelRow, 'captured_minor'>,
): Promise<void> {
  const { parcelId, trackingNumber, promisedBy } = parcel;
  await work
    .insertInto('parcels')
    .values({
      id: parcelId,
      order_id: orderId,
      lines: JSON.stringify(lines),
      status: trackingNumber === null ? 'waiting' : 'booked',
      tracking_number: trackingNumber,
      promised_by: promisedBy === undefined ? null : new Date(promisedBy),
      ...amounts,
      asked_minor: null,
      told_late_at: null,
      action: null,
      note: null,
      decided_by: null,
      decided_at: null,
    })
    .execute();
}

/** The contents of a parcel that takes the place of another as it was. */
export function sameContents({ lines }: ParcelRow, parcel: NewParcel): Piece[] {
  const pool = new PiecePool(lines);
  pool.take(linesOf(parcel.lines));
  if (!pool.isEmpty) throw new Error(`parcel ${parcel.parcelId} does not contain all that is sent again`);
  return lines;
}
