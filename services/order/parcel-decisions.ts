import type { ResolveParcel } from '../../activities/parcel.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { type ParcelsChange, changeParcel, parcelIn } from './parcel-changes.ts';
import { insertParcel, sameContents } from './parcel-replacement.ts';
import { isMissing, isSettled } from './parcel-statuses.ts';
import { type ParcelRow, asRows } from './parcels.ts';
import { sumOfPieces } from './pieces.ts';
import { refundGivenUp, takenFor } from './undelivered-refunds.ts';

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
  return action === 'refund' ? payBack(work, order, { parcel, parcels, decision }) : {};
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
  { parcel, parcels, decision }: { parcel: ParcelRow; parcels: readonly ParcelRow[]; decision: Decision },
): Promise<ParcelsChange> {
  const { note, resolvedBy: requestedBy } = decision;
  const takenMinor = takenFor(parcel, { order, parcels });
  const notChargedMinor = parcel.price_minor - takenMinor;
  if (takenMinor > 0) await refundGivenUp(work, order, { parcel, parcels, takenMinor, note, requestedBy });
  if (notChargedMinor === 0) return {};
  await changeParcel(work, parcel, { price_minor: takenMinor, asked_minor: 0 });
  const canceled_minor = order.canceled_minor + notChargedMinor;
  if (takenMinor > 0) return { set: { canceled_minor } };
  return { set: { canceled_minor, canceled_lines: sumOfPieces([...(order.canceled_lines ?? []), ...parcel.lines]) } };
}
