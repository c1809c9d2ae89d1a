import type { Kysely } from 'kysely';
import { type FailedCapture, type RecapturePayment, paymentRefusal } from '../../activities/payment.ts';
import { findOperation } from './attempt.ts';
import { isCapturedAgain } from './captured-again.ts';
import type { Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import { manuallyCaptured, unsettledStatus } from './effects.ts';
import { isOver } from './holds.ts';
import { type PaymentDependencies, type PaymentStep, answerOf, carryOut } from './operation.ts';
import { recordOutcome } from './outcome.ts';
import { lockPayment } from './payments.ts';
import { releaseLeftHolds, releaseTheRest } from './releases.ts';
import { renew } from './steps/authorize.ts';
import { capture } from './steps/capture.ts';

// A capture that takes the place of one that the processor has taken back. Its id is that of a parcel to the other steps.

/** Places another hold on the order's payment method, and captures it. */
export async function recapture(dependencies: PaymentDependencies, request: RecapturePayment): Promise<void> {
  const { orderId, captureId, amount } = request;
  const paymentMethod = await methodToHold(dependencies.db, request);
  if (paymentMethod) answerOf(await carryOut(dependencies, holdAgain(request, paymentMethod)));
  const capturing = { orderId, parcelId: captureId, amount, outstanding: amount };
  answerOf(await carryOut(dependencies, capture(capturing, dependencies.processor.capturesSeveralTimes)));
  await releaseLeftHolds(dependencies, orderId);
}

/**
 * The payment method that paid for the order last; undefined if the capture was given up, or requested before, of a hold that was
 * placed for it.
 */
const methodToHold = (
  db: Kysely<PaymentDatabase>,
  { orderId, captureId, holdId }: RecapturePayment,
): Promise<string | undefined> =>
  db.transaction().execute(async (transaction) => {
    const payment = await lockFailed(transaction, orderId);
    const earlier = await findOperation(transaction, orderId, stepOf(captureId));
    if (earlier && earlier.state !== 'refused') return undefined;
    const known = payment.holds.find((hold) => hold.hold_id === holdId);
    return (known ?? payment.holds.findLast(({ authorized_minor }) => authorized_minor > 0)!).payment_method!;
  });

/** Places a hold that this capture alone takes. What lets the payment be held once more is stored together with the hold. */
function holdAgain(request: RecapturePayment, paymentMethod: string): PaymentStep {
  const { orderId, captureId, holdId, amount } = request;
  const placing = renew({ orderId, holdId, amount, paymentMethod }, captureId);
  return {
    ...placing,
    async lock(transaction) {
      await reopen(transaction, request);
      return placing.lock(transaction);
    },
  };
}

/** Lets a payment that is over be held and captured once more, unless the capture was requested or given up meanwhile. */
async function reopen(transaction: PaymentTransaction, { orderId, captureId }: FailedCapture): Promise<void> {
  const payment = await lockFailed(transaction, orderId);
  const earlier = await findOperation(transaction, orderId, stepOf(captureId));
  if (earlier?.state === 'given_up') throw paymentRefusal('CaptureRefused', 'this capture was given up');
  if (earlier && earlier.state !== 'refused') return;
  requireNothingOutstanding(payment);
  if (await isCapturedAgain(transaction, payment, captureId)) {
    throw paymentRefusal(
      'CaptureRefused',
      `another part of order ${orderId} is being captured again: try again once that is settled`,
    );
  }
  if (payment.status !== 'captured') return;
  await transaction
    .updateTable('payments')
    .set({ status: unsettledStatus(payment), settled: true })
    .where('order_id', '=', orderId)
    .execute();
}

/** The hold of what is still to be captured would be replaced, and another capture could take this one's. */
function requireNothingOutstanding(payment: Payment): void {
  if (isOver(payment) || payment.settled) return;
  throw paymentRefusal(
    'CaptureRefused',
    `other parcels of order ${payment.order_id} are to be captured first: try again once they have left`,
  );
}

/** A person has decided that the processor shall not capture it. A repeat changes nothing. */
export async function forgoCapture(dependencies: PaymentDependencies, failed: FailedCapture): Promise<void> {
  const work = (transaction: PaymentTransaction) => giveUp(transaction, failed);
  await endWith(dependencies, await dependencies.db.transaction().execute(work), failed);
}

/** A person has got the money outside of the processor. A repeat changes nothing. */
export async function recordManualCapture(dependencies: PaymentDependencies, failed: FailedCapture): Promise<void> {
  const { orderId, captureId, amount } = failed;
  const step = `manual_capture:${captureId}`;
  const payment = await dependencies.db.transaction().execute(async (transaction) => {
    const locked = await giveUp(transaction, failed);
    if (await findOperation(transaction, orderId, step)) return locked;
    const asked = { order_id: orderId, step, state: 'asked', amount_minor: amount.amountMinor } as const;
    await transaction.insertInto('operations').values(asked).execute();
    const effects = manuallyCaptured(locked, { captureId, amount });
    const outcome = { receipt: { id: null } };
    await recordOutcome(transaction, locked, { step, attempt: 1, outcome, effects });
    return locked;
  });
  await endWith(dependencies, payment, failed);
}

/** The tombstone of recapturePayment: a request for it that is still under way is refused when it arrives. */
async function giveUp(
  transaction: PaymentTransaction,
  { orderId, captureId, amount }: FailedCapture,
): Promise<Payment> {
  const payment = await lockFailed(transaction, orderId);
  const step = stepOf(captureId);
  const earlier = await findOperation(transaction, orderId, step);
  if (earlier?.state === 'done') throw paymentRefusal('AlreadyCaptured', `the processor has captured ${captureId}`);
  // Retried until a request for the capture itself has found its outcome.
  if (earlier?.state === 'asked') throw new Error(`it is not known whether the processor has captured ${captureId}`);
  await transaction
    .insertInto('operations')
    .values({ order_id: orderId, step, state: 'given_up', amount_minor: amount.amountMinor })
    .onConflict((conflict) =>
      conflict
        .columns(['order_id', 'step'])
        .doUpdateSet({ state: 'given_up', refusal_code: null, refusal_message: null }),
    )
    .execute();
  return payment;
}

/** What was held to capture it again is released. */
async function endWith(
  dependencies: PaymentDependencies,
  payment: Payment,
  { orderId, captureId }: FailedCapture,
): Promise<void> {
  if (payment.settled && !isOver(payment)) await releaseTheRest(dependencies, orderId, captureId);
}

const stepOf = (captureId: string): string => `capture:${captureId}`;

async function lockFailed(transaction: PaymentTransaction, orderId: string): Promise<Payment> {
  const payment = await lockPayment(transaction, orderId);
  if (payment && payment.capture_failed_minor > 0) return payment;
  throw paymentRefusal('NotCaptured', `no capture of order ${orderId} was taken back`);
}
