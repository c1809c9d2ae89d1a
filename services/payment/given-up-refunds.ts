import type { Kysely } from 'kysely';
import { type ForgoneRefund, type RefundPayment, paymentRefusal } from '../../activities/payment.ts';
import { findOperation } from './attempt.ts';
import type { Operation, PaymentDatabase, PaymentTransaction } from './database.ts';
import { manuallyRefunded } from './effects.ts';
import { recordOutcome } from './outcome.ts';
import { lockRefundable, refundStep, requireRoomByHand, stepsOfRefund } from './steps/refund.ts';

/** A person has decided that the processor shall not pay this refund, or no more of it. A repeat changes nothing. */
export const forgoRefund = (db: Kysely<PaymentDatabase>, refund: RefundPayment): Promise<ForgoneRefund> =>
  db.transaction().execute(async (transaction) => {
    await lockRefundable(transaction, refund.orderId, refund.amount);
    return { refunded: { ...refund.amount, amountMinor: await giveUp(transaction, refund) } };
  });

/** A person has paid this refund outside of the processor, apart from what the processor has paid. A repeat changes nothing. */
export async function recordManualRefund(db: Kysely<PaymentDatabase>, refund: RefundPayment): Promise<void> {
  const { orderId, refundId } = refund;
  const step = `manual_refund:${refundId}`;
  await db.transaction().execute(async (transaction) => {
    const payment = await lockRefundable(transaction, orderId, refund.amount);
    const paidMinor = await giveUp(transaction, refund);
    const amount = { ...refund.amount, amountMinor: refund.amount.amountMinor - paidMinor };
    const earlier = await findOperation(transaction, orderId, step);
    if (earlier && earlier.amount_minor !== amount.amountMinor) {
      throw new Error(`${step} of order ${orderId} was already recorded with a different amount`);
    }
    if (earlier) return;
    requireRoomByHand(payment, amount);
    await transaction
      .insertInto('operations')
      .values({ order_id: orderId, step, state: 'asked', amount_minor: amount.amountMinor })
      .execute();
    const outcome = { receipt: { id: null } };
    const effects = manuallyRefunded(payment, { refundId, amount });
    await recordOutcome(transaction, payment, { step, attempt: 1, outcome, effects });
  });
}

/**
 * The tombstone of refundPayment: a request for it that is still under way is refused when it arrives. Returns what the
 * processor has paid of it, of another hold, apart from what it refused or could not pay after all.
 */
async function giveUp(transaction: PaymentTransaction, refund: RefundPayment): Promise<number> {
  const { orderId, refundId, amount } = refund;
  const steps = await stepsOfRefund(transaction, refund);
  const paid = steps.filter(({ state }) => state === 'done');
  if (steps.length > 0 && paid.length === steps.length) {
    throw paymentRefusal('AlreadyRefunded', `the processor has paid refund ${refundId}`);
  }
  // Retried until a request for the refund itself has found its outcome.
  if (steps.some(({ state }) => state === 'asked')) {
    throw new Error(`it is not known whether the processor has paid refund ${refundId}`);
  }
  const unpaid = steps.filter(({ state }) => state === 'refused' || state === 'failed').map(({ step }) => step);
  for (const step of steps.length === 0 ? [refundStep(refund)] : unpaid) {
    await transaction
      .insertInto('operations')
      .values({ order_id: orderId, step, state: 'given_up', amount_minor: amount.amountMinor })
      .onConflict((conflict) =>
        conflict
          .columns(['order_id', 'step'])
          .doUpdateSet({ state: 'given_up', refusal_code: null, refusal_message: null }),
      )
      .execute();
  }
  return paid.reduce((sum, operation) => sum + minorOf(operation), 0);
}

const minorOf = ({ amount_minor, asked_minor }: Operation): number => asked_minor ?? amount_minor;
