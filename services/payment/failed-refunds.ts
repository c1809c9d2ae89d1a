import type { ReceivedEvent } from '../../activities/payment.ts';
import { askedOf, minorOf } from './attempt.ts';
import type { Operation, Payment } from './database.ts';
import { refundFailed } from './effects.ts';
import { moneyOf } from './ledger.ts';
import type { PaymentDependencies } from './operation.ts';
import { stepsOf, takeBack } from './taken-back.ts';

/**
 * Takes a refund back that the processor had said yes to, if it has failed since: it was not paid. Returns what that means for
 * the order, on a repeat too; undefined if the refund stands, or is none of ours. Throws while it is not known whether it is the
 * refund of a request that is under way: the event is sent again.
 */
export async function receiveRefundEvent(
  { db, processor }: PaymentDependencies,
  payment: Payment,
  receiptId: string,
): Promise<ReceivedEvent | undefined> {
  const { order_id: orderId } = payment;
  const refunds = await stepsOf(db, orderId, 'refund');
  const refund = refunds.find(({ receipt_id }) => receipt_id === receiptId);
  if (!refund && refunds.some(({ state }) => state === 'asked')) {
    throw new Error(`a refund of order ${orderId} is under way`);
  }
  if (!refund || !(await processor.hasRefundFailed(receiptId))) return undefined;
  const asked = askedOf(refund);
  const part = { refundId: refundIdOf(refund), holdId: asked.holdId, amount: moneyOf(payment, minorOf(asked)) };
  const effect = refund.step.replace('refund:', 'refund_failed:');
  await takeBack(db, refund, (current) => refundFailed(current, { ...part, effect }));
  return { meaning: 'refundFailed', orderId, ...part };
}

const refundIdOf = ({ step }: Operation): string => step.split(':')[1]!;
