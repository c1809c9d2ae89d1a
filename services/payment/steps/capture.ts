import { sql } from 'kysely';
import type { OrderRef } from '../../../activities/identity.ts';
import { paymentRefusal } from '../../../activities/payment.ts';
import { captured, failed } from '../ledger.ts';
import type { PaymentStep } from '../operation.ts';
import { lockPayment } from '../payments.ts';

/** Captures the whole hold. */
export const capture = ({ orderId }: OrderRef): PaymentStep => {
  const notAuthorized = () => paymentRefusal('NotAuthorized', `order ${orderId} has no authorized payment to capture`);
  return {
    orderId,
    name: 'capture',
    refusalIsFinal: false,

    begin: {
      payment: sql`
        select * from payments where order_id = ${orderId} and status = 'authorized' and not undone for update`,
      amountMinor: sql`amount_minor`,
    },

    async lock(transaction) {
      const payment = await lockPayment(transaction, orderId);
      if (!payment) throw notAuthorized();
      return payment;
    },

    overridingRefusal: () => undefined,

    async prepare(_transaction, payment) {
      // Once a void was requested the hold must not be captured, even if the void was refused.
      if (payment.status !== 'authorized' || payment.undone) throw notAuthorized();
    },

    buildRequest: ({ reference, amount_minor, currency }, key) => ({
      step: 'capture',
      key,
      orderId,
      reference,
      amount: { amountMinor: amount_minor ?? 0, currency: currency ?? '' },
    }),

    effectsOfReceipt: (payment) => captured(payment),

    effectsOfRefusal: (payment, refusal) => failed(payment, 'capturePayment', refusal),
  };
};
