import type { OrderRef } from '../../../activities/identity.ts';
import type { PaymentRefusal } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { bookCapture, tellFailure } from '../ledger.ts';
import type { Step } from '../operation.ts';
import { lockPayment } from '../payments.ts';

/** Takes all that is held. */
export const capture = ({ orderId }: OrderRef): Step => {
  const notAuthorized = () =>
    new Refusal<PaymentRefusal>('NotAuthorized', `no money is held for order ${orderId} that may be taken`);
  return {
    orderId,
    name: 'capture',
    refusedForGood: false,

    async enter(work) {
      const payment = await lockPayment(work, orderId);
      if (!payment) throw notAuthorized();
      return payment;
    },

    overruled: () => undefined,

    async admit(_work, payment) {
      // A hold that is being let go of may not be taken, also where letting go was refused.
      if (payment.status !== 'authorized' || payment.undone) throw notAuthorized();
    },

    request: ({ reference, amount_minor, currency }, key) => ({
      step: 'capture',
      key,
      orderId,
      reference,
      amount: { amountMinor: amount_minor ?? 0, currency: currency ?? '' },
    }),

    accept: (work, payment) => bookCapture(work, payment),

    decline: (work, payment, refusal) => tellFailure(work, payment, 'capturePayment', refusal),
  };
};
