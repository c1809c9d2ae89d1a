import { moneyInWords } from '../../activities/money-in-words.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { payBackAsDecided } from '../saga/pay-back.ts';
import { settleTakenBack } from '../saga/taken-back.ts';
import { type FailedRefundInput, failedRefundInput } from './messages.ts';

/** `settled before`: people had given the refund up or paid it in another way. */
export type FailedRefundResult = RefundOutcome | 'settled before';

/**
 * The card processor had said yes to a refund, and could not pay it. The order's books take it back, and a person decides how
 * the amount is paid: the processor would perhaps fail in the same way again.
 */
export async function failedRefundWorkflow(given: FailedRefundInput): Promise<FailedRefundResult> {
  return settleTakenBack(given, {
    parse: failedRefundInput,
    title: ({ orderId, amount }) => `Failed refund of ${moneyInWords(amount)}, order ${orderId}`,
    step: 'refundPayment',
    why: NOT_PAID,
    takeBack: ({ refundId, amount }, { replacementId, saga }) =>
      bookkeeping.takeBackRefund({ ...saga.update(), refundId, replacementId, amount }),
    async settle({ orderId, amount }, { saga, replacementId: refundId }) {
      const { outcome, paid } = await payBackAsDecided(saga, { orderId, refundId, amount }, NOT_PAID);
      await bookkeeping.endRefund({ ...saga.update(), refundId, outcome, ...(paid && { paid }) });
      return outcome;
    },
  });
}

const NOT_PAID = 'the card processor could not pay the refund after it had said yes';
