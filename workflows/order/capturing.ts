import type { Due } from '../../activities/parcel.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { hasLongHistory } from '../saga/long-history.ts';
import { troubleOf } from '../saga/trouble.ts';
import { renewForCapture } from './hold.ts';
import type { OrderInProgress } from './order-in-progress.ts';

const STUCK = { paymentStatus: 'requires_action' } as const;

/** A person has a capture tried again, and the history is long: the order begins again first. */
export class TriedLongEnough extends Error {
  override readonly name = 'TriedLongEnough';
}

/**
 * Captures what is due for a parcel that has left. Where that is refused, the hold is renewed if it has expired, and else a
 * person decides. Throws `TriedLongEnough`: then all that follows from the parcel's leaving is done again.
 */
export async function capture(
  order: OrderInProgress,
  which: { parcelId?: string },
  due: Due | undefined,
): Promise<void> {
  const { saga, input } = order;
  // Order services from before parcels answer nothing: all that is held is due.
  const request = { orderId: input.orderId, ...which, ...due };
  const amount = due?.amount;
  const nothing = amount && { captured: { ...amount, amountMinor: 0 } };
  // Of what costs nothing, and where the processor has taken everything with an earlier parcel.
  if (amount?.amountMinor === 0) {
    return bookkeeping.captureOrder({ ...saga.update(), ...which, ...nothing });
  }
  for (;;) {
    try {
      const answer = await saga.stepUntilAnswered('capturePayment', (ask) => ask.payment.capturePayment(request));
      const captured = due?.amount && answer ? { captured: answer.captured } : {};
      return await bookkeeping.captureOrder({ ...saga.update(), ...which, ...captured });
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.refusal === 'HoldExpired' && (await renewForCapture(order))) continue;
      const action = await saga.askPerson('capturePayment', trouble, STUCK);
      if (action === 'retry' && hasLongHistory()) throw new TriedLongEnough();
      if (action === 'skip') {
        // A person has taken this parcel's money over: it is not captured with another one.
        if (nothing) await bookkeeping.captureOrder({ ...saga.update(), ...which, ...nothing });
        return;
      }
    }
  }
}

/** Gives back what is held and will not be captured, once nothing is to be captured any more. */
export async function releaseRest({ saga, input: { orderId } }: OrderInProgress): Promise<void> {
  const { outstanding } = await bookkeeping.getOutstanding(saga.update());
  if (outstanding.amountMinor > 0) return;
  await saga.mustHappen('releaseRest', (ask) => ask.payment.releaseRest({ orderId }), STUCK);
}
