import type { Money } from '../../activities/money.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import type { Hold, Payment, PaymentRow, PaymentStatus } from './database.ts';
import { currentHold, heldOf, holdOf, isOver, roomOf, stepOf } from './holds.ts';
import {
  type Effects,
  HOLDS,
  MANUAL_REFUND,
  MANUAL_SALE,
  NO_EFFECTS,
  REFUND,
  REFUND_FAILED,
  RELEASES,
  SALE,
  SALE_FAILED,
  after,
  amountEvent,
  entriesOf,
  moneyOf,
} from './ledger.ts';

/** The card's bank holds the money. */
export function authorized(payment: Payment, holdId: string, capturesSeveral?: boolean): Effects {
  const hold = holdOf(payment, holdId);
  const amount = moneyOf(payment, hold.amount_minor!);
  return {
    change: payment.captured_minor > 0 ? {} : { status: 'authorized' },
    sums: { authorized_minor: amount.amountMinor },
    holdId,
    capturesSeveral,
    entries: entriesOf(stepOf('authorize', hold), amount, HOLDS),
    events: [amountEvent('payment.authorized', payment, amount)],
  };
}

/** The card's bank releases what it still holds. `effect` posts it. */
export function released(payment: Payment, holdId: string, effect: string): Effects {
  const amount = moneyOf(payment, heldOf(holdOf(payment, holdId)));
  return givenBack(payment, holdId, {
    sums: { voided_minor: amount.amountMinor },
    entries: entriesOf(effect, amount, RELEASES),
    events: [amountEvent('payment.voided', payment, amount)],
  });
}

/** Nothing was held. */
export const nothingReleased = (payment: Payment, holdId: string): Effects =>
  givenBack(payment, holdId, { sums: {}, entries: [], events: [] });

function givenBack(payment: Payment, holdId: string, effects: Pick<Effects, 'sums' | 'entries' | 'events'>): Effects {
  const closing: Effects = { ...effects, change: {}, holdId, closes: true };
  const next = after(payment, closing);
  const isVoided = next.undone && next.captured_minor === 0 && heldOf(next) === 0;
  return isVoided ? { ...closing, change: { status: 'voided' } } : closing;
}

/** The processor owes us the amount of the sale. */
export function captured(
  payment: Payment,
  { step, holdId, askedMinor, final, settles, reserved, taken }: CapturedPart,
): Effects {
  const amount = moneyOf(payment, askedMinor);
  const sums = { captured_minor: askedMinor, capture_reserved_minor: -reserved };
  // The last to be recorded of several that are under way ends the payment, whichever of them settles it.
  const change = settles ? { settled: true } : {};
  const capturing: Effects = {
    change,
    sums,
    holdId,
    closes: final,
    entries: entriesOf(step, amount, RELEASES, SALE),
    events: taken ? [] : [amountEvent('payment.captured', payment, amount)],
  };
  const next = after(payment, capturing);
  const rest = moneyOf(payment, final && askedMinor > 0 ? roomOf(holdOf(next, holdId)) : 0);
  return {
    ...capturing,
    change: { ...change, ...statusOf(captureStatus(next)) },
    sums: { ...sums, voided_minor: rest.amountMinor },
    entries: [...capturing.entries, ...entriesOf(`rest:${step}`, rest, RELEASES)],
    events: [...capturing.events, ...(rest.amountMinor > 0 ? [amountEvent('payment.voided', payment, rest)] : [])],
  };
}

export interface CapturedPart {
  step: string;
  holdId: string;
  askedMinor: number;
  /** The bank releases what is left of the hold. */
  final: boolean;
  /** No more is captured of the order. */
  settles: boolean;
  /** What was reserved for it. */
  reserved: number;
  /** An earlier capture took it. */
  taken: boolean;
}

/** Of the payment after a capture. While another one is under way, that one may be captured again. */
function captureStatus(next: Payment): PaymentStatus | undefined {
  const isAll = next.settled && next.capture_reserved_minor === 0;
  if (isAll || next.status === 'captured' || next.captured_minor === next.amount_minor) return 'captured';
  return next.captured_minor > 0 ? 'partially_captured' : undefined;
}

/** The hold is gone. What other captures have reserved of it may have been captured before: they release it. */
export function expired(payment: Payment, { effect, holdId, reserved }: ExpiredPart): Effects {
  const freed = { capture_reserved_minor: -reserved };
  const room = roomOf(holdOf(after(payment, { ...NO_EFFECTS, sums: freed, holdId }), holdId));
  const amount = moneyOf(payment, room);
  const closing: Effects = {
    change: {},
    sums: { ...freed, voided_minor: room },
    holdId,
    closes: true,
    entries: entriesOf(effect, amount, RELEASES),
    events: room > 0 ? [amountEvent('payment.voided', payment, amount)] : [],
  };
  return { ...closing, change: statusOf(expiredStatus(after(payment, closing))) };
}

export interface ExpiredPart {
  effect: string;
  holdId: string;
  reserved: number;
}

function expiredStatus(next: Payment): PaymentStatus | undefined {
  if (next.captured_minor > 0 || currentHold(next)) return undefined;
  return next.undone ? 'voided' : 'expired';
}

const statusOf = (status: PaymentStatus | undefined): { status?: PaymentStatus } => (status ? { status } : {});

/** The amount reserved for this refund is paid back. */
export const refunded = (
  { order_id: orderId }: Payment,
  { effect, refundId, holdId, amount }: { effect: string; refundId: string; holdId: string; amount: Money },
): Effects => ({
  change: {},
  sums: { refund_reserved_minor: -amount.amountMinor, refunded_minor: amount.amountMinor },
  holdId,
  entries: entriesOf(effect, amount, REFUND),
  events: [{ type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId } }],
});

/** The processor had said yes to a refund, and could not pay it: the amount may be refunded again. */
export const refundFailed = (
  { order_id: orderId }: Payment,
  { effect, refundId, holdId, amount }: { effect: string; refundId: string; holdId: string; amount: Money },
): Effects => ({
  change: {},
  sums: { refunded_minor: -amount.amountMinor },
  holdId,
  entries: entriesOf(effect, amount, REFUND_FAILED),
  events: [{ type: 'payment.refund_failed', subject: orderId, data: { orderId, refundId, amount } }],
});

/**
 * The processor had captured the amount, and has taken it back: neither is it paid, nor is it held any more. A payment that was
 * over stays so until it is captured again.
 */
export function captureFailed(
  payment: Payment,
  { effect, parcelId, holdId, amount }: { effect: string; parcelId: string; holdId: string; amount: Money },
): Effects {
  const { order_id: orderId } = payment;
  const { amountMinor } = amount;
  const failing: Effects = {
    change: {},
    sums: { captured_minor: -amountMinor, voided_minor: amountMinor, capture_failed_minor: amountMinor },
    holdId,
    entries: [
      ...entriesOf(effect, amount, HOLDS, SALE_FAILED),
      ...entriesOf(`expired:${holdId}:${effect}`, amount, RELEASES),
    ],
    events: [{ type: 'payment.capture_failed', subject: orderId, data: { orderId, parcelId, amount } }],
  };
  const next = after(payment, failing);
  if (isOver(payment)) return failing;
  return { ...failing, change: { status: unsettledStatus(next) } };
}

/** Of a payment of which more may be captured, after something of it was taken back. */
export const unsettledStatus = (payment: Payment): PaymentStatus =>
  payment.captured_minor > 0 || currentHold(payment) ? 'partially_captured' : 'expired';

/** A person has got the amount outside of the processor, after that had taken it back. */
export const manuallyCaptured = (
  { order_id: orderId }: Payment,
  { captureId, amount }: { captureId: string; amount: Money },
): Effects => ({
  ...NO_EFFECTS,
  manuallyCapturedBy: amount.amountMinor,
  entries: entriesOf(`manual_capture:${captureId}`, amount, MANUAL_SALE),
  events: [{ type: 'payment.captured', subject: orderId, data: { orderId, amount, manually: true } }],
});

/** A person has paid the amount back outside of the processor. */
export const manuallyRefunded = (
  { order_id: orderId }: Payment,
  { refundId, amount }: { refundId: string; amount: Money },
): Effects => ({
  ...NO_EFFECTS,
  manuallyRefundedBy: amount.amountMinor,
  entries: entriesOf(`manual_refund:${refundId}`, amount, MANUAL_REFUND),
  events: [{ type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId, manually: true } }],
});

/** The processor refused: no money moved, but subscribers may want to know. */
export const failed = ({ order_id: orderId }: PaymentRow, step: string, refusal: Refusal): Effects => ({
  ...NO_EFFECTS,
  events: [{ type: 'payment.failed', subject: orderId, data: { orderId, step, reason: refusal.code } }],
});

/** Whether a hold that the processor has released was never recorded as held. */
export const isUnrecorded = (hold: Hold): boolean => hold.authorized_minor === 0 && hold.amount_minor !== null;
