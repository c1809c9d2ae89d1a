import type { Kysely } from 'kysely';
import { type RefundPayment, paymentRefusal } from '../../../activities/payment.ts';
import type { Money } from '../../../activities/money.ts';
import { type Asked, minorOf, storeAttempt } from '../attempt.ts';
import type { Hold, Operation, Payment, PaymentDatabase, PaymentTransaction } from '../database.ts';
import { failed, refunded } from '../effects.ts';
import { everCaptured, refundableOf } from '../holds.ts';
import { moneyOf } from '../ledger.ts';
import type { PaymentStep } from '../operation.ts';
import { lockPayment } from '../payments.ts';

/**
 * Refunds some or all of the captured amount, once per refund id. A processor refunds of a hold what it has captured of it:
 * where no hold alone has as much, this step refunds a part, and stores the others as steps of their own (`refundPart`).
 */
export const refund = (request: RefundPayment): PaymentStep => ({
  ...refunding(request, refundStep(request)),
  amountMinor: request.amount.amountMinor,

  async plan(transaction, payment, earlier) {
    const { amountMinor } = request.amount;
    if (earlier) return { payment, asked: again(payment, earlier) };
    requireRoom(payment, request.amount);
    requireRoomOfHolds(payment, request.amount);
    const [first, ...others] = partsOf(payment, amountMinor);
    const stored = await storeParts(transaction, payment, refundStep(request), others);
    return { payment: stored, asked: askedOf(first!, amountMinor) };
  },
});

/** A part of a refund that another step has stored. */
export const refundPart = (request: RefundPayment, step: string): PaymentStep => ({
  ...refunding(request, step),
  plan: async (_transaction, payment, earlier) => ({ payment, asked: again(payment, earlier!) }),
});

export const refundStep = ({ refundId }: Pick<RefundPayment, 'refundId'>): string => `refund:${refundId}`;

/** The steps of a refund: one for each hold that it is paid from. */
export const stepsOfRefund = (
  db: Kysely<PaymentDatabase>,
  request: Pick<RefundPayment, 'orderId' | 'refundId'>,
): Promise<Operation[]> =>
  db
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', request.orderId)
    .where((where) =>
      where.or([where('step', '=', refundStep(request)), where('step', 'like', `${refundStep(request)}:%`)]),
    )
    .orderBy('step')
    .execute();

const refunding = ({ orderId, refundId, amount }: RefundPayment, step: string): Omit<PaymentStep, 'plan'> => ({
  orderId,
  name: step,
  refusalIsFinal: false,
  lock: (transaction) => lockRefundable(transaction, orderId, amount),
  overridingRefusal: () => undefined,

  buildRequest: ({ payment, hold, asked }, key) => ({
    step: 'refund',
    key,
    orderId,
    holdId: hold.hold_id,
    reference: hold.reference,
    amount: moneyOf(payment, minorOf(asked)),
  }),

  effectsOfReceipt: (payment, asked) =>
    refunded(payment, { effect: step, refundId, holdId: asked.holdId, amount: moneyOf(payment, minorOf(asked)) }),

  effectsOfRefusal: (payment, asked, refusal) => ({
    ...failed(payment, 'refundPayment', refusal),
    sums: { refund_reserved_minor: -minorOf(asked) },
    holdId: asked.holdId,
  }),
});

/** Locks a payment that this amount may be refunded of, or could be once. Refuses if there is none. */
export async function lockRefundable(
  transaction: PaymentTransaction,
  orderId: string,
  { currency }: Money,
): Promise<Payment> {
  const payment = await lockPayment(transaction, orderId);
  if (!payment || (everCaptured(payment) === 0 && payment.status !== 'captured')) {
    throw paymentRefusal('NotCaptured', `order ${orderId} has no captured payment to refund`);
  }
  if (payment.currency !== currency) {
    throw paymentRefusal('RefundRefused', `order ${orderId} was paid in ${payment.currency}, not in ${currency}`);
  }
  return payment;
}

/** Refuses to refund more than is left. */
const requireRoom = (payment: Payment, amount: Money): void =>
  requireRest(payment, payment.captured_minor + payment.manually_captured_minor, amount);

/**
 * Refuses to enter into the books that people have refunded more than is left of what was ever captured. They may have paid it
 * before it was taken back. A capture and the one that took its place count once.
 */
export function requireRoomByHand(payment: Payment, amount: Money): void {
  const ofParcels = payment.holds.filter(({ capture_id }) => capture_id === null);
  const taken = ofParcels.reduce((sum, hold) => sum + everCaptured(hold), 0);
  requireRest(payment, Math.min(taken, payment.amount_minor!), amount);
}

function requireRest(payment: Payment, taken: number, { amountMinor, currency }: Money): void {
  const { order_id: orderId, refunded_minor, refund_reserved_minor, manually_refunded_minor } = payment;
  const remaining = taken - refunded_minor - refund_reserved_minor - manually_refunded_minor;
  if (amountMinor <= remaining) return;
  throw paymentRefusal(
    'RefundExceedsCapture',
    `at most ${Math.max(0, remaining)} minor units of ${currency} of order ${orderId} can still be refunded, not ${amountMinor}`,
  );
}

/** What people have got outside of the processor it cannot refund. */
function requireRoomOfHolds({ order_id: orderId, holds }: Payment, { amountMinor, currency }: Money): void {
  const refundable = holds.reduce((sum, hold) => sum + refundableOf(hold), 0);
  if (amountMinor <= refundable) return;
  throw paymentRefusal(
    'RefundRefused',
    `of order ${orderId} the card processor can refund ${refundable} minor units of ${currency}: the rest was paid in another way`,
  );
}

interface Part {
  hold: Hold;
  amountMinor: number;
}

/** The oldest hold that has captured enough; if none has, parts of several, oldest first. */
function partsOf({ holds }: Payment, amountMinor: number): Part[] {
  const alone = holds.find((hold) => refundableOf(hold) >= amountMinor);
  if (alone) return [{ hold: alone, amountMinor }];
  let left = amountMinor;
  const parts = holds.map((hold) => {
    const part = { hold, amountMinor: Math.min(refundableOf(hold), left) };
    left -= part.amountMinor;
    return part;
  });
  return parts.filter((part) => part.amountMinor > 0);
}

// Reserved before the processor is called, so that two concurrent refunds never use the same amount.
const askedOf = ({ hold, amountMinor }: Part, requestedMinor: number): Asked => ({
  holdId: hold.hold_id,
  amountMinor: requestedMinor,
  askedMinor: amountMinor === requestedMinor ? undefined : amountMinor,
  reserves: { refund_reserved_minor: amountMinor },
});

/** A refused part may be paid from another hold. */
function again(payment: Payment, { amount_minor, asked_minor }: Operation): Asked {
  const amountMinor = asked_minor ?? amount_minor;
  requireRoom(payment, moneyOf(payment, amountMinor));
  const hold = payment.holds.find((candidate) => refundableOf(candidate) >= amountMinor);
  if (hold) return askedOf({ hold, amountMinor }, amount_minor);
  throw paymentRefusal(
    'RefundExceedsCapture',
    `no hold of order ${payment.order_id} has ${amountMinor} left to refund`,
  );
}

/** Until its request each counts as one whose outcome is unknown. */
async function storeParts(
  transaction: PaymentTransaction,
  payment: Payment,
  step: string,
  parts: readonly Part[],
): Promise<Payment> {
  let stored = payment;
  for (const [index, part] of parts.entries()) {
    const named = { orderId: payment.order_id, name: `${step}:${index + 2}` };
    const asked = askedOf(part, part.amountMinor);
    stored = await storeAttempt(transaction, named, { payment: stored, asked, attempt: 1 });
  }
  return stored;
}
