import type { OrderAction } from '../../activities/order-status.ts';
import type { OrderRow } from './bookkeeping.ts';

type Statuses = Pick<OrderRow, 'status' | 'resume_status' | 'fulfillment_status' | 'returnable_until'>;

/**
 * What the owner can do with an order at `now`, in milliseconds. `returnable`: whether some of its pieces are neither
 * returned nor about to be.
 */
export function allowedActions(
  order: Statuses,
  { returnable, now }: { returnable: boolean; now: number },
): OrderAction[] {
  const status = order.resume_status ?? order.status;
  const undecided = status === 'pending' || status === 'confirmed';
  const hereStill = order.fulfillment_status === 'not_fulfilled' || order.fulfillment_status === 'booked';
  return [
    // Also while it is being undone: to ask again is no mistake, and the answer is that it is under way.
    ...(undecided && hereStill ? (['cancel'] as const) : []),
    ...(returnable && canBeReturned(order, now) ? (['return'] as const) : []),
  ];
}

/** Whether goods of the order can come back: it is delivered, not all of it came back, and the return window is open. */
export const canBeReturned = ({ fulfillment_status, returnable_until }: Statuses, now: number): boolean =>
  (fulfillment_status === 'delivered' || fulfillment_status === 'partially_returned') &&
  returnable_until !== null &&
  now < returnable_until.getTime();
