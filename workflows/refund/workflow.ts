import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { payBack } from '../saga/pay-back.ts';
import { Saga } from '../saga/saga.ts';
import { readInput } from '../incoming/arrivals.ts';
import { type RefundInput, refundInput } from './messages.ts';

/** Pays money back that staff wants to give. It only moves forward: the order service has reserved the amount. */
export async function refundWorkflow(given: RefundInput): Promise<RefundOutcome> {
  const { refundId, orderId, amount } = readInput(refundInput, given);
  const history = new DisplayedHistory(`Refund of ${moneyInWords(amount)}, order ${orderId}`);
  const saga = new Saga(orderId, history);

  return CancellationScope.nonCancellable(async () => {
    const { outcome, paid } = await payBack(saga, { orderId, refundId, amount });
    await bookkeeping.endRefund({ ...saga.update(), refundId, outcome, ...(paid && { paid }) });
    history.now(`**Ended**: ${outcome}`);
    await condition(allHandlersFinished);
    return outcome;
  });
}
