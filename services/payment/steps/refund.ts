import type { PaymentRefusal, RefundPayment } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { bookRefund, tellFailure } from '../ledger.ts';
import type { Payment } from '../database.ts';
import type { Step } from '../operation.ts';
import { changePayment, lockPayment } from '../payments.ts';

/** Gives back a part or all of what was taken, once for each refund's id. */
export const refund = ({ orderId, refundId, amount }: RefundPayment): Step => ({
  orderId,
  name: `refund:${refundId}`,
  refusedForGood: false,

  async enter(work) {
    const payment = await lockPayment(work, orderId);
    if (payment?.status !== 'captured') {
      throw refuse('NotCaptured', `nothing was taken for order ${orderId} that could be given back`);
    }
    if (payment.currency !== amount.currency) {
      throw refuse('RefundRefused', `order ${orderId} was paid in ${payment.currency}, not in ${amount.currency}`);
    }
    return payment;
  },

  overruled: () => undefined,

  async admit(work, payment) {
    const left = refundable(payment);
    if (amount.amountMinor > left) {
      throw refuse(
        'RefundExceedsCapture',
        `of order ${orderId} ${left} minor units of ${amount.currency} can still be given back, not ${amount.amountMinor}`,
      );
    }
    // Taken out of what is left before the processor is asked, so that two refunds at once never share it.
    await changePayment(work, orderId, { refund_reserved_by: amount.amountMinor });
  },

  request: ({ reference }, key) => ({ step: 'refund', key, orderId, reference, amount }),

  accept: (work, payment) => bookRefund(work, payment, { refundId, amount }),

  async decline(work, payment, refusal) {
    await changePayment(work, orderId, { refund_reserved_by: -amount.amountMinor });
    await tellFailure(work, payment, 'refundPayment', refusal);
  },
});

const refundable = (payment: Payment): number =>
  payment.captured_minor - payment.refunded_minor - payment.refund_reserved_minor;

const refuse = (code: PaymentRefusal, message: string) => new Refusal(code, message);
