import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { readInput } from '../incoming/arrivals.ts';
import { type LatePaymentInput, latePaymentInput } from './messages.ts';

/** `released`: nothing is held any more. `skipped`: a person has taken the hold over. */
export type LatePaymentResult = 'released' | 'skipped';

/**
 * The card's holder confirmed a payment after its order had been given up, and the processor held the money all the same.
 * It is released, and the customer is told.
 */
export async function latePaymentWorkflow(given: LatePaymentInput): Promise<LatePaymentResult> {
  const { orderId } = readInput(latePaymentInput, given);
  const history = new DisplayedHistory(`Late payment of order ${orderId}`);
  const saga = new Saga(orderId, history);

  return CancellationScope.nonCancellable(async () => {
    const stuck = { paymentStatus: 'requires_action' } as const;
    const released = await saga.mustHappen('releasePayment', (ask) => ask.payment.releaseLateHold({ orderId }), stuck);
    if (released === 'done') await bookkeeping.releasePayment(saga.update());
    history.now(released === 'done' ? '**Ended**: the money is released.' : '**Ended**: a person has taken it over.');
    await condition(allHandlersFinished);
    return released === 'done' ? 'released' : 'skipped';
  });
}
