import { type RefundPayment, paymentRefusal } from '../../../activities/payment.ts';
import { failed, refunded } from '../ledger.ts';
import type { Money } from '../../../activities/money.ts';
import type { Payment, PaymentTransaction } from '../database.ts';
import type { PaymentStep } from '../operation.ts';
import { lockPayment, reserveRefund } from '../payments.ts';

/** Refunds some or all of the captured amount, once per refund id. */
export const refund = ({ orderId, refundId, amount }: RefundPayment): PaymentStep => ({
  orderId,
  name: `refund:${refundId}`,
  refusalIsFinal: false,

  lock: (transaction) => lockRefundable(transaction, orderId, amount),

  overridingRefusal: () => undefined,

  async prepare(transaction, payment) {
    requireRoom(payment, amount);
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

/** Locks a payment that this amount may be refunded of. Refuses if there is none. */
export async function lockRefundable(
  transaction: PaymentTransaction,
  orderId: string,
  { currency }: Money,
): Promise<Payment> {
  const payment = await lockPayment(transaction, orderId);
  if (payment?.status !== 'captured') {
    throw paymentRefusal('NotCaptured', `order ${orderId} has no captured payment to refund`);
  }
  if (payment.currency !== currency) {
    throw paymentRefusal('RefundRefused', `order ${orderId} was paid in ${payment.currency}, not in ${currency}`);
  }
  return payment;
}

/** Refuses to refund more than is left. */
export function requireRoom(payment: Payment, { amountMinor, currency }: Money): void {
  const { order_id: orderId, captured_minor, refunded_minor, refund_reserved_minor, manually_refunded_minor } = payment;
  const remaining = captured_minor - refunded_minor - refund_reserved_minor - manually_refunded_minor;
  if (amountMinor <= remaining) return;
  throw paymentRefusal(
    'RefundExceedsCapture',
    `at most ${remaining} minor units of ${currency} of order ${orderId} can still be refunded, not ${amountMinor}`,
  );
}
