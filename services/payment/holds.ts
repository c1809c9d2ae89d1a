import { paymentRefusal } from '../../activities/payment.ts';
import type { Hold, Payment, PaymentRow } from './database.ts';

/** The only hold of a payment without rows in `holds`, read from the payment itself. */
export const onlyHold = (payment: PaymentRow): Hold => ({
  ...payment,
  hold_id: payment.order_id,
  number: 1,
  capture_id: null,
  closed: payment.undone || ['declined', 'voided', 'expired', 'captured'].includes(payment.status),
});

export const withOnlyHold = (payment: PaymentRow): Payment => ({ ...payment, holds: [onlyHold(payment)] });

export function holdOf(payment: Payment, holdId: string): Hold {
  const hold = payment.holds.find((candidate) => candidate.hold_id === holdId);
  if (!hold) throw new Error(`order ${payment.order_id} has no hold ${holdId}`);
  return hold;
}

export const isFirst = ({ order_id: orderId, hold_id: holdId }: Pick<Hold, 'order_id' | 'hold_id'>): boolean =>
  orderId === holdId;

/** Whether its payment method is attached to its customer: an earlier hold was placed on it, or it was saved before. */
export const isUsedBefore = (payment: Payment, hold: Hold): boolean =>
  isPlacedBefore(payment, hold) || (hold.user_customer !== null && !isToBeSaved(payment, hold));

const isPlacedBefore = ({ holds }: Payment, { number, payment_method }: Hold): boolean =>
  holds.some((hold) => hold.number < number && hold.payment_method === payment_method && hold.authorized_minor > 0);

/** Whether the payment method is saved with this hold. */
export const isToBeSaved = ({ saves_method }: Payment, hold: Hold): boolean => saves_method && isFirst(hold);

/** What the card's bank still holds, by our books. */
export const heldOf = (sums: Pick<Hold, `${'authorized' | 'voided' | 'captured'}_minor`>): number =>
  sums.authorized_minor - sums.voided_minor - sums.captured_minor;

/** What can still be captured of a hold: what is held, and not reserved for a capture under way. */
export const roomOf = (hold: Hold): number => heldOf(hold) - hold.capture_reserved_minor;

/** What was ever captured, also what the processor has taken back since. */
export const everCaptured = (sums: Pick<Hold, `${'captured' | 'capture_failed'}_minor`>): number =>
  sums.captured_minor + sums.capture_failed_minor;

/** What could still be refunded of a hold, through the processor. */
export const refundableOf = (hold: Hold): number =>
  Math.max(0, hold.captured_minor - hold.refunded_minor - hold.refund_reserved_minor);

/** The newest hold that is held and was not given up. */
export const currentHold = ({ holds }: Payment): Hold | undefined =>
  holds.findLast((hold) => !hold.closed && heldOf(hold) > 0);

/** The hold that is captured for a parcel: the current one of those that were placed for it alone, or else for no other. */
export function holdToCapture(payment: Payment, parcelId: string | undefined): Hold | undefined {
  const own = payment.holds.filter(({ capture_id }) => capture_id === parcelId);
  const holds = own.length > 0 ? own : payment.holds.filter(({ capture_id }) => capture_id === null);
  return currentHold({ ...payment, holds });
}

/** Whether the processor may hold money for it, as far as we know: it is held, or may yet be. */
export const mayBeHeld = (hold: Hold): boolean =>
  heldOf(hold) > 0 || (hold.authorized_minor === 0 && hold.amount_minor !== 0);

/** Of the newest hold that money was held for; it has replaced those with a lower number. */
export const newestNumber = ({ holds }: Payment): number =>
  holds.findLast(({ authorized_minor }) => authorized_minor > 0)?.number ?? 0;

/** Nothing more is held or captured: the payment was voided, or its last part was captured. */
export const isOver = ({ undone, status }: PaymentRow): boolean => undone || status === 'captured';

export const undone = (orderId: string) =>
  paymentRefusal('Undone', `the payment of order ${orderId} was voided before it was authorized`);

/** The name of a step of one hold: the first hold's is the bare name. */
export const stepOf = (name: string, hold: Pick<Hold, 'order_id' | 'hold_id'>): string =>
  isFirst(hold) ? name : `${name}:${hold.hold_id}`;
