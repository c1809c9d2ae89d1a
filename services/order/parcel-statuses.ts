import type { FulfillmentStatus } from '../../activities/order-status.ts';
import type { ParcelStatus } from '../../activities/parcel.ts';
import type { ParcelRow } from './parcels.ts';

type Progress = Pick<ParcelRow, 'status' | 'action'>;

const LEFT: readonly ParcelStatus[] = ['dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered'];

export const hasLeft = ({ status }: Pick<ParcelRow, 'status'>): boolean => LEFT.includes(status);

/** It is lost or came back. */
export const isMissing = ({ status }: Pick<ParcelRow, 'status'>): boolean =>
  status === 'lost' || status === 'returned_to_sender';

/** Staff must decide about it. */
export const isUndecided = (parcel: Progress): boolean => isMissing(parcel) && parcel.action === null;

/** Nothing more happens to it: it has arrived, never leaves, or staff has given it up. */
export const isSettled = (parcel: Progress): boolean =>
  parcel.status === 'delivered' ||
  parcel.status === 'canceled' ||
  (isMissing(parcel) && (parcel.action === 'resend' || parcel.action === 'refund'));

/** How far an order in parcels is. Canceled parcels do not count. */
export function fulfillmentOf(all: readonly Progress[]): FulfillmentStatus {
  const parcels = all.filter(({ status }) => status !== 'canceled');
  const some = (status: ParcelStatus) => parcels.some((parcel) => parcel.status === status);
  const undecided = parcels.filter(isUndecided);
  if (undecided.length > 0) return undecided.some(({ status }) => status === 'lost') ? 'lost' : 'returned_to_sender';
  // Also of an order of which nothing arrived and nothing is on its way any more.
  if (parcels.every(isSettled)) return some('delivered') ? 'delivered' : 'canceled';
  if (some('delivered')) return 'partially_delivered';
  if (parcels.every(hasLeft)) return 'shipped';
  if (parcels.some(hasLeft)) return 'partially_shipped';
  return some('booked') ? 'booked' : 'not_fulfilled';
}
