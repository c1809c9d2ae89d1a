import type { OrderAction } from '../../activities/order-status.ts';
import type { OrderRow } from './bookkeeping.ts';
import { hasLeft } from './parcel-statuses.ts';
import type { ParcelRow } from './parcels.ts';

type Statuses = Pick<
  OrderRow,
  | 'status'
  | 'resume_status'
  | 'payment_status'
  | 'resume_payment_status'
  | 'fulfillment_status'
  | 'returnable_until'
  | 'payment_method_until'
>;

/** What allowed actions depend on apart from the order's own row. */
export interface Surroundings {
  /** Whether some of its pieces are neither returned nor about to be. */
  returnable: boolean;
  parcels: readonly Pick<ParcelRow, 'status'>[];
  /** In milliseconds. */
  now: number;
}

/** What the owner can do with an order. */
export function allowedActions(order: Statuses, { returnable, parcels, now }: Surroundings): OrderAction[] {
  const status = order.resume_status ?? order.status;
  const undecided = status === 'pending' || status === 'confirmed';
  const hereStill = order.fulfillment_status === 'not_fulfilled' || order.fulfillment_status === 'booked';
  const someHere = parcels.some((parcel) => parcel.status !== 'canceled' && !hasLeft(parcel));
  const someLeft = parcels.some(hasLeft);
  const wantsMethod = order.payment_method_until !== null;
  return [
    // Also while it is being undone: to ask again is no mistake, and the answer is that it is under way.
    ...(undecided && hereStill ? (['cancel'] as const) : []),
    ...(status === 'confirmed' && someHere && !wantsMethod ? (['cancel_lines'] as const) : []),
    ...(status === 'confirmed' && someHere && !someLeft && !wantsMethod ? (['change_address'] as const) : []),
    ...(status === 'confirmed' && awaitsMethod(order, now) ? (['name_payment_method'] as const) : []),
    ...(returnable && canBeReturned(order, now) ? (['return'] as const) : []),
  ];
}

/** Whether the customer must name another payment method, and can still do so, also while they confirm one. */
export const awaitsMethod = (
  order: Pick<Statuses, 'payment_status' | 'resume_payment_status' | 'payment_method_until'>,
  now: number,
): boolean =>
  (order.resume_payment_status ?? order.payment_status) === 'awaiting_customer' &&
  order.payment_method_until !== null &&
  now < order.payment_method_until.getTime();

/** Whether goods of the order can come back: it is delivered, not all of it came back, and the return window is open. */
export const canBeReturned = (
  { fulfillment_status, returnable_until }: Pick<Statuses, 'fulfillment_status' | 'returnable_until'>,
  now: number,
): boolean =>
  (fulfillment_status === 'delivered' || fulfillment_status === 'partially_returned') &&
  returnable_until !== null &&
  now < returnable_until.getTime();
