import type { ReceivedEvent } from '../../activities/payment.ts';
import { askedOf, minorOf } from './attempt.ts';
import type { Hold, Operation, Payment } from './database.ts';
import { captureFailed } from './effects.ts';
import { moneyOf } from './ledger.ts';
import type { PaymentDependencies } from './operation.ts';
import { stepsOf, takeBack } from './taken-back.ts';

/**
 * Takes the captures of a hold back that the processor had said yes to and that have failed since: they are not paid. Returns what
 * that means for the order, on a repeat too; undefined if all of them stand. Throws while the outcome of one is unknown: the event
 * is sent again.
 */
export async function receiveCaptureFailure(
  { db, processor }: PaymentDependencies,
  payment: Payment,
  { order_id: orderId, hold_id: holdId, reference }: Hold,
): Promise<ReceivedEvent | undefined> {
  const captures = (await stepsOf(db, orderId, 'capture')).filter((capture) => askedOf(capture).holdId === holdId);
  if (captures.some(({ state }) => state === 'asked')) throw new Error(`a capture of order ${orderId} is under way`);
  const failed: { parcelId: string; amount: ReturnType<typeof moneyOf> }[] = [];
  for (const capture of captures) {
    const { state, receipt_id: id } = capture;
    const amount = moneyOf(payment, minorOf(askedOf(capture)));
    // What an earlier capture had taken, or somebody else, was not captured by this one.
    if (id === null || amount.amountMinor === 0) continue;
    const isNew = state === 'done' && (await processor.hasCaptureFailed({ orderId, holdId, reference, id }));
    if (!isNew && state !== 'failed') continue;
    const parcelId = parcelIdOf(capture);
    const part = { effect: `capture_failed:${parcelId}`, parcelId, holdId, amount };
    await takeBack(db, capture, (current) => captureFailed(current, part));
    failed.push({ parcelId, amount });
  }
  return failed.length > 0 ? { meaning: 'captureFailed', orderId, captures: failed } : undefined;
}

/** The first parcel's id is the order's. */
const parcelIdOf = ({ order_id: orderId, step }: Operation): string => step.split(':')[1] ?? orderId;
