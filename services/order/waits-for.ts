import type { WaitsFor } from '../../activities/order.ts';
import { awaitsMethod } from './allowed-actions.ts';
import type { OrderRow } from './bookkeeping.ts';
import { hasLeft, isSettled, isUndecided } from './parcel-statuses.ts';
import type { ParcelRow } from './parcels.ts';

/** What an order waits for at `now`, in milliseconds; null if for nothing, or if it is just being placed. */
export function waitsFor(
  order: OrderRow,
  { parcels, now }: { parcels: readonly ParcelRow[]; now: number },
): WaitsFor | null {
  if (order.status === 'requires_action') return { what: 'person' };
  if (mustConfirm(order, now)) return { what: 'payment_confirmation', until: order.next_action!.expiresAt };
  if (order.status !== 'confirmed') return null;
  if (awaitsMethod(order, now)) return { what: 'payment_method', until: order.payment_method_until!.toISOString() };
  const open = parcels.filter((parcel) => !isSettled(parcel));
  if (open.some(isUndecided)) return { what: 'parcel_decision' };
  if (open.some((parcel) => !hasLeft(parcel))) return { what: 'dispatch' };
  if (open.length > 0) return { what: 'delivery' };
  const { returnable_until: until } = order;
  return until && now < until.getTime() ? { what: 'return_window', until: until.toISOString() } : null;
}

/** Whether the customer must confirm the payment, and can still do so. */
export const mustConfirm = ({ status, payment_status, next_action }: OrderRow, now: number): boolean =>
  (status === 'pending' || status === 'confirmed') &&
  payment_status === 'awaiting_customer' &&
  next_action !== null &&
  Date.parse(next_action.expiresAt) > now;
