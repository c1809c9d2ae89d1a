import { type RefundPayment, paymentRefusal } from '../../../activities/payment.ts';
import { failed, refunded } from '../ledger.ts';
import type { Payment } from '../database.ts';
import type { PaymentStep } from '../operation.ts';
import { lockPayment, reserveRefund } from '../payments.ts';

/** Refunds some or all of the captured amount, once per refund id. */
export const refund = ({ orderId, refundId, amount }: RefundPayment): PaymentStep => ({
  orderId,
  name: `refund:${refundId}`,
  refusalIsFinal: false,

  async lock(transaction) {
    const payment = await lockPayment(transaction, orderId);
    if (payment?.status !== 'captured') {
      throw paymentRefusal('NotCaptured', `order ${orderId} has no captured payment to refund`);
    }
    if (payment.currency !== amount.currency) {
      throw paymentRefusal(
        'RefundRefused',
        `order ${orderId} was paid in ${payment.currency}, not in ${amount.currency}`,
      );
    }
    return payment;
  },

  overridingRefusal: () => undefined,

  async prepare(transaction, payment) {
    const remaining = refundableMinor(payment);
    if (amount.amountMinor > remaining) {
      throw paymentRefusal(
        'RefundExceedsCapture',
        `at most ${remaining} minor units of ${amount.currency} of order ${orderId} can still be refunded, not ${amount.amountMinor}`,
      );
    }
    // Reserved before the processor is called, so that two concurrent refunds never use the same amount.
    await reserveRefund(transaction, orderId, amount.amountMinor);
  },

  buildRequest: ({ reference }, key) => ({ step: 'refund', key, orderId, reference, amount }),

  effectsOfReceipt: (payment) => refunded(payment, { refundId, amount }),

  effectsOfRefusal: (payment, refusal) => ({
    ...failed(payment, 'refundPayment', refusal),
    change: { refund_reserved_by: -amount.amountMinor },
  }),
});

const refundableMinor = (payment: Payment): number =>
  payment.captured_minor - payment.refunded_minor - payment.refund_reserved_minor;
