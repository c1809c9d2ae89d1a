import type { AuthorizePayment, PaymentRefusal } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { bookAuthorization, tellFailure } from '../ledger.ts';
import type { Payment } from '../database.ts';
import type { Step } from '../operation.ts';
import { changePayment, claimPayment } from '../payments.ts';

/** Holds the money. Once a void was asked for it is refused, and whatever it may have held is the void's to let go. */
export const authorize = ({ orderId, amount, paymentMethod }: AuthorizePayment): Step => ({
  orderId,
  name: 'authorize',
  refusedForGood: true,

  async enter(work) {
    const terms = { amount_minor: amount.amountMinor, currency: amount.currency, payment_method: paymentMethod };
    const payment = await claimPayment(work, orderId, terms);
    if (!payment.undone && !agree(payment, terms)) {
      throw new Error(`payment of order ${orderId} was asked for before, on other terms`);
    }
    return payment;
  },

  overruled: ({ undone }) =>
    undone
      ? new Refusal<PaymentRefusal>('Undone', `the payment of order ${orderId} was undone before it was authorized`)
      : undefined,

  admit: async () => undefined,

  request: ({ reference }, key) => ({ step: 'authorize', key, orderId, reference, amount, paymentMethod }),

  async accept(work, payment) {
    // A void that came first has found this hold at the processor and booked it. Should it not have, the books say
    // that money is held for an order that was undone, and checkBalances shows it.
    const unbooked = amount.amountMinor > 0 && payment.authorized_minor === 0;
    if (payment.status === 'pending' || unbooked) await bookAuthorization(work, payment);
  },

  async decline(work, payment, refusal) {
    const undone = refusal.code === ('Undone' satisfies PaymentRefusal);
    if (payment.status === 'pending') {
      await changePayment(work, orderId, undone ? { status: 'voided', undone } : { status: 'declined' });
    }
    if (!undone) await tellFailure(work, payment, 'authorizePayment', refusal);
  },
});

const agree = (payment: Payment, terms: { amount_minor: number; currency: string; payment_method: string }): boolean =>
  payment.amount_minor === terms.amount_minor &&
  payment.currency === terms.currency &&
  payment.payment_method === terms.payment_method;
