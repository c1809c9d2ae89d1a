import type { Kysely } from 'kysely';
import { type RefundPayment, paymentRefusal } from '../../activities/payment.ts';
import type { PaymentDatabase, PaymentTransaction } from './database.ts';
import { manuallyRefunded } from './ledger.ts';
import { recordOutcome } from './outcome.ts';
import { lockRefundable, requireRoom } from './steps/refund.ts';

/** A person has decided that the processor shall not pay this refund. */
export const forgoRefund = (db: Kysely<PaymentDatabase>, refund: RefundPayment): Promise<void> =>
  db.transaction().execute(async (transaction) => {
    await lockRefundable(transaction, refund.orderId, refund.amount);
    await giveUp(transaction, refund);
  });

/** A person has paid this refund outside of the processor. A repeat changes nothing. */
export async function recordManualRefund(db: Kysely<PaymentDatabase>, refund: RefundPayment): Promise<void> {
  const { orderId, refundId, amount } = refund;
  const step = `manual_refund:${refundId}`;
  await db.transaction().execute(async (transaction) => {
    const payment = await lockRefundable(transaction, orderId, amount);
    await giveUp(transaction, refund);
    const earlier = await findOperation(transaction, orderId, step);
    if (earlier && earlier.amount_minor !== amount.amountMinor) {
      throw new Error(`${step} of order ${orderId} was already recorded with a different amount`);
    }
    if (earlier) return;
    requireRoom(payment, amount);
    await transaction
      .insertInto('operations')
      .values({ order_id: orderId, step, state: 'asked', amount_minor: amount.amountMinor })
      .execute();
    const outcome = { receipt: { id: null } };
    const effects = manuallyRefunded(payment, { refundId, amount });
    await recordOutcome(transaction, payment, { step, attempt: 1, outcome, effects });
  });
}

/** The tombstone of refundPayment: a request for it that is still under way is refused when it arrives. */
async function giveUp(transaction: PaymentTransaction, { orderId, refundId, amount }: RefundPayment): Promise<void> {
  const step = `refund:${refundId}`;
  const { state } = (await findOperation(transaction, orderId, step)) ?? {};
  if (state === 'given_up') return;
  if (state === 'done') throw paymentRefusal('AlreadyRefunded', `the processor has paid refund ${refundId}`);
  // Retried until a request for the refund itself has found its outcome.
  if (state === 'asked') throw new Error(`it is not known whether the processor has paid refund ${refundId}`);
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

const findOperation = (transaction: PaymentTransaction, orderId: string, step: string) =>
  transaction
    .selectFrom('operations')
    .select(['state', 'amount_minor'])
    .where('order_id', '=', orderId)
    .where('step', '=', step)
    .executeTakeFirst();
