import { randomUUID } from 'node:crypto';
import type { ResolveParcel } from '../../activities/parcel.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { piecesNotPaidBack, priceOf, roomForRefunds } from './money-back.ts';
import { type ParcelsChange, changeParcel, parcelIn } from './parcel-changes.ts';
import { insertParcel, sameContents } from './parcel-replacement.ts';
import { isMissing, isSettled } from './parcel-statuses.ts';
import { type ParcelRow, asRows } from './parcels.ts';
import { linesOf, priceOfPieces, sumOfPieces } from './pieces.ts';
import { takenMinorOf } from './statuses.ts';

type Decision = Pick<ResolveParcel, 'parcelId' | 'action' | 'note' | 'resolvedBy' | 'resentAs'>;

/** Records what staff decided about a parcel that is lost or came back, and what follows for the money. */
export async function decideAboutParcel(
  work: Work,
  order: OrderRow,
  decision: Decision,
): Promise<ParcelsChange | undefined> {
  const parcels = await asRows(work, order);
  const parcel = parcelIn(parcels, decision.parcelId);
  const { action, resentAs } = decision;
  const resent = resentAs !== undefined && parcels.some(({ id }) => id === resentAs.parcelId);
  if (resent || isRecorded(parcel, decision)) return undefined;
  const open = isMissing(parcel) && !isSettled(parcel);
  if (open) await recordDecision(work, parcel, decision);
  // One that is booked with the carrier travels, even if the other arrived meanwhile; then it carries no price.
  if (action === 'resend') {
    await sendAgain(work, order, { parcel, decision, price_minor: open ? parcel.price_minor : 0 });
    return {};
  }
  if (!open) return undefined;
  return action === 'refund'
    ? payBack(work, order, { parcel, decision, paidMinor: paidFor(parcel, { order, parcels }) })
    : {};
}

const isRecorded = (parcel: ParcelRow, { action, note, resolvedBy }: Decision): boolean =>
  parcel.action === action && parcel.note === storableText(note) && parcel.decided_by === resolvedBy;

const recordDecision = (work: Work, parcel: ParcelRow, { action, note, resolvedBy }: Decision) =>
  changeParcel(work, parcel, {
    action,
    note: storableText(note),
    decided_by: resolvedBy,
    decided_at: new Date(),
  });

/** Its price goes over to the parcel that takes its place, for which nothing more is captured. */
async function sendAgain(
  work: Work,
  order: OrderRow,
  { parcel, decision, price_minor }: { parcel: ParcelRow; decision: Decision; price_minor: number },
): Promise<void> {
  const { resentAs } = decision;
  if (!resentAs) throw new Error(`what takes the place of parcel ${parcel.id} is not given`);
  if (price_minor > 0) await changeParcel(work, parcel, { price_minor: 0 });
  const lines = sameContents(parcel, resentAs);
  await insertParcel(work, order, { parcel: resentAs, lines, price_minor, captured_minor: 0 });
}

/** What was captured for its pieces and is not paid back yet is refunded. What was not is not charged any more. */
async function payBack(
  work: Work,
  order: OrderRow,
  { parcel, decision, paidMinor }: { parcel: ParcelRow; decision: Decision; paidMinor: number },
): Promise<ParcelsChange> {
  const notChargedMinor = parcel.price_minor - paidMinor;
  if (paidMinor > 0) await refundUnpaid(work, order, { parcel, decision, paidMinor });
  if (notChargedMinor === 0) return {};
  await changeParcel(work, parcel, { price_minor: paidMinor, asked_minor: 0 });
  const canceled_minor = order.canceled_minor + notChargedMinor;
  if (paidMinor > 0) return { set: { canceled_minor } };
  return { set: { canceled_minor, canceled_lines: sumOfPieces([...(order.canceled_lines ?? []), ...parcel.lines]) } };
}

/** The part of its price that was captured: what the others that are captured leave of it. */
function paidFor(
  { id, price_minor }: ParcelRow,
  { order, parcels }: { order: OrderRow; parcels: readonly ParcelRow[] },
): number {
  const others = parcels
    .filter((parcel) => parcel.id !== id && parcel.status !== 'canceled' && parcel.captured_minor !== null)
    .reduce((sum, parcel) => sum + parcel.price_minor, 0);
  return Math.min(price_minor, Math.max(0, takenMinorOf(order) - others));
}

async function refundUnpaid(
  work: Work,
  order: OrderRow,
  { parcel, decision, paidMinor }: { parcel: ParcelRow; decision: Decision; paidMinor: number },
): Promise<void> {
  const left = await piecesNotPaidBack(work, order);
  const contents = linesOf(parcel.lines);
  const lines = contents
    .map(({ sku, quantity }) => ({ sku, quantity: Math.min(quantity, left.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
  const all =
    lines.length === contents.length && lines.every(({ quantity }, at) => quantity === contents[at]!.quantity);
  const priceMinor = all ? Math.max(paidMinor, priceOfPieces(parcel.lines)) : priceOf(order, lines);
  const amountMinor = Math.min(paidMinor, priceMinor, await roomForRefunds(work, order));
  if (amountMinor === 0) return;
  await work
    .insertInto('refunds')
    .values({
      id: randomUUID(),
      order_id: order.id,
      amount_minor: amountMinor,
      lines: JSON.stringify(lines),
      reason: 'not_delivered',
      note: storableText(decision.note),
      requested_by: decision.resolvedBy,
    })
    .execute();
}
