import type { ReceivedEvent } from '../../activities/payment.ts';
import { findOperation } from './attempt.ts';
import type { Hold, Payment, PaymentTransaction } from './database.ts';
import { expired } from './effects.ts';
import { heldOf, holdOf, isOver, newestNumber, stepOf } from './holds.ts';
import type { PaymentDependencies } from './operation.ts';
import { recordOutcome } from './outcome.ts';
import { lockPayment } from './payments.ts';
import { underWay } from './steps/void.ts';

/**
 * Records that the card's bank has released a hold by itself, if the processor says so: capturing it would be refused. Returns
 * what that means for the order, on a repeat too; undefined if it means nothing. Throws while the hold is being placed or
 * captured: the event is sent again.
 */
export async function receiveExpiry(
  { db, processor }: PaymentDependencies,
  payment: Payment,
  { order_id: orderId, hold_id: holdId, reference, holder_asked, authorized_minor }: Hold,
): Promise<ReceivedEvent | undefined> {
  // Whether the card's holder has confirmed is another question, which the order asks.
  const isAwaited = holder_asked && authorized_minor === 0;
  if (isOver(payment) || isAwaited || !(await processor.hasHoldExpired({ orderId, holdId, reference })))
    return undefined;
  const isWanted = await db.transaction().execute((transaction) => recordExpiry(transaction, { orderId, holdId }));
  return isWanted ? { meaning: 'holdExpired', orderId, holdId } : undefined;
}

/** Returns whether the order needs another hold: this one was the newest, and its expiry is recorded, now or before. */
async function recordExpiry(
  transaction: PaymentTransaction,
  { orderId, holdId }: { orderId: string; holdId: string },
): Promise<boolean> {
  const payment = (await lockPayment(transaction, orderId))!;
  if (isOver(payment)) return false;
  const hold = holdOf(payment, holdId);
  const step = stepOf('authorize', hold);
  const placing = await findOperation(transaction, orderId, step);
  if (placing?.state === 'asked') throw new Error(`hold ${holdId} of order ${orderId} is being placed`);
  if (hold.capture_reserved_minor > 0) throw underWay(orderId);
  const isHeld = placing?.state === 'done' && heldOf(hold) > 0;
  if (isHeld) {
    const { attempt, receipt_id: id } = placing;
    const effects = expired(payment, { effect: `expired:${holdId}`, holdId, reserved: 0 });
    await recordOutcome(transaction, payment, { step, attempt, outcome: { failed: { id } }, effects });
  }
  return (isHeld || placing?.state === 'failed') && hold.number === newestNumber(payment);
}
