import type { ReceivedEvent } from '../../activities/payment.ts';
import { askedOf, minorOf } from './attempt.ts';
import type { Operation, Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import { refundFailed } from './effects.ts';
import { moneyOf } from './ledger.ts';
import type { PaymentDependencies } from './operation.ts';
import { recordOutcome } from './outcome.ts';
import { lockPayment } from './payments.ts';
import type { Kysely } from 'kysely';

/**
 * Takes a refund back that the processor had said yes to, if it has failed since: it was not paid. Returns what that means for
 * the order, on a repeat too; undefined if the refund stands, or is none of ours. Throws while it is not known whether it is the
 * refund of a request that is under way: the event is sent again.
 */
export async function receiveRefundEvent(
  { db, processor }: PaymentDependencies,
  orderId: string,
  receiptId: string,
): Promise<ReceivedEvent | undefined> {
  const refund = await findRefund(db, orderId, receiptId);
  if (!refund || !(await processor.hasRefundFailed(receiptId))) return undefined;
  const payment = await db.transaction().execute((transaction) => takeBack(transaction, refund));
  const asked = askedOf(refund);
  const amount = moneyOf(payment, minorOf(asked));
  return { meaning: 'refundFailed', orderId, refundId: refundIdOf(refund), holdId: asked.holdId, amount };
}

async function findRefund(
  db: Kysely<PaymentDatabase>,
  orderId: string,
  receiptId: string,
): Promise<Operation | undefined> {
  const refunds = await db
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('step', 'like', 'refund:%')
    .execute();
  const found = refunds.find(({ receipt_id }) => receipt_id === receiptId);
  if (!found && refunds.some(({ state }) => state === 'asked')) {
    throw new Error(`a refund of order ${orderId} is under way`);
  }
  return found;
}

async function takeBack(transaction: PaymentTransaction, refund: Operation): Promise<Payment> {
  const { order_id: orderId, step, attempt, receipt_id: id } = refund;
  const payment = (await lockPayment(transaction, orderId))!;
  const asked = askedOf(refund);
  const effects = refundFailed(payment, {
    effect: step.replace('refund:', 'refund_failed:'),
    refundId: refundIdOf(refund),
    holdId: asked.holdId,
    amount: moneyOf(payment, minorOf(asked)),
  });
  // Changes nothing on a repeat: the refund is no longer done.
  await recordOutcome(transaction, payment, { step, attempt, outcome: { failed: { id } }, effects });
  return payment;
}

const refundIdOf = ({ step }: Operation): string => step.split(':')[1]!;
