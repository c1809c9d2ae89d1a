import { CancellationScope, allHandlersFinished, condition, uuid4 } from '@temporalio/workflow';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import { readInput } from '../incoming/arrivals.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { payBackAsDecided } from '../saga/pay-back.ts';
import { Saga } from '../saga/saga.ts';
import { type FailedRefundInput, failedRefundInput } from './messages.ts';

/** `settled before`: people had given the refund up or paid it in another way. */
export type FailedRefundResult = RefundOutcome | 'settled before';

/**
 * The card processor had said yes to a refund, and could not pay it. The order's books take it back, and a person decides how
 * the amount is paid: the processor would perhaps fail in the same way again.
 */
export async function failedRefundWorkflow(given: FailedRefundInput): Promise<FailedRefundResult> {
  const { refundId, orderId, amount } = readInput(failedRefundInput, given);
  const history = new DisplayedHistory(`Failed refund of ${moneyInWords(amount)}, order ${orderId}`);
  const saga = new Saga(orderId, history);

  return CancellationScope.nonCancellable(async () => {
    const replacementId = uuid4();
    history.add('refundPayment', 'failed', { detail: NOT_PAID });
    const { taken } = await bookkeeping.takeBackRefund({ ...saga.update(), refundId, replacementId, amount });
    if (!taken) {
      history.now('**Ended**: people had settled this refund before.');
      return 'settled before';
    }
    const { outcome, paid } = await payBackAsDecided(saga, { orderId, refundId: replacementId, amount }, NOT_PAID);
    await bookkeeping.endRefund({ ...saga.update(), refundId: replacementId, outcome, ...(paid && { paid }) });
    history.now(`**Ended**: ${outcome}`);
    await condition(allHandlersFinished);
    return outcome;
  });
}

const NOT_PAID = 'the card processor could not pay the refund after it had said yes';
