import { sql } from 'kysely';
import type { NoteParcel, ParcelTrouble } from '../../activities/parcel.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { type ParcelsChange, changeParcel, parcelIn } from './parcel-changes.ts';
import { isMissing, isSettled } from './parcel-statuses.ts';
import { type ParcelRow, asRows } from './parcels.ts';

/** A parcel does not arrive as it should. What staff decided about it before, to wait, is open again. */
export async function noteTrouble(
  work: Work,
  order: OrderRow,
  { parcelId, trouble }: Pick<NoteParcel, 'parcelId' | 'trouble'>,
): Promise<ParcelsChange | undefined> {
  const parcel = parcelIn(await asRows(work, order), parcelId);
  if (!isNews(parcel, trouble)) return undefined;
  if (trouble === 'late') await markLate(work, parcel);
  else await changeParcel(work, parcel, { status: trouble, ...UNDECIDED });
  const data = {
    parcelId,
    trackingNumber: parcel.tracking_number,
    ...(parcel.promised_by && { promisedBy: parcel.promised_by.toISOString() }),
  };
  return { event: { type: `order.parcel_${trouble}`, dataOf: () => data } };
}

const UNDECIDED = { action: null, note: null, decided_by: null, decided_at: null };

function isNews(parcel: ParcelRow, trouble: ParcelTrouble): boolean {
  if (parcel.status === 'waiting' || isSettled(parcel)) return false;
  if (trouble === 'late') return !isMissing(parcel) && parcel.told_late_at === null;
  return parcel.status !== trouble || parcel.action === 'wait';
}

const markLate = (work: Work, { id }: ParcelRow) =>
  work
    .updateTable('parcels')
    .set({ told_late_at: sql`now()` })
    .where('id', '=', id)
    .execute();
