import { sql } from 'kysely';
import { type AuthorizePayment, type PaymentRefusal, paymentRefusal } from '../../../activities/payment.ts';
import { NO_EFFECTS, authorized, failed } from '../ledger.ts';
import type { Payment } from '../database.ts';
import type { PaymentStep } from '../operation.ts';
import { createOrLockPayment } from '../payments.ts';

/** Holds the money. Refused once a void was requested; the void then releases whatever this step may have held. */
export const authorize = ({
  orderId,
  amount,
  paymentMethod,
  customerMayAct = false,
}: AuthorizePayment): PaymentStep => ({
  orderId,
  name: 'authorize',
  refusalIsFinal: true,

  begin: {
    payment: sql`
      insert into payments (order_id, amount_minor, currency, payment_method)
      values (${orderId}, ${amount.amountMinor}, ${amount.currency}, ${paymentMethod})
      on conflict (order_id) do nothing
      returning *`,
    amountMinor: sql`amount_minor`,
  },

  async lock(transaction) {
    const terms = { amount_minor: amount.amountMinor, currency: amount.currency, payment_method: paymentMethod };
    const payment = await createOrLockPayment(transaction, orderId, terms);
    if (!payment.undone && !termsMatch(payment, terms)) {
      throw new Error(`the payment of order ${orderId} was already requested with different terms`);
    }
    return payment;
  },

  overridingRefusal: ({ undone }) =>
    undone
      ? paymentRefusal('Undone', `the payment of order ${orderId} was voided before it was authorized`)
      : undefined,

  prepare: async () => undefined,

  buildRequest: ({ reference }, key) => ({
    step: 'authorize',
    key,
    orderId,
    reference,
    amount,
    paymentMethod,
    customerMayAct,
  }),

  effectsOfReceipt(payment) {
    // A void that came first has found this hold at the processor and recorded it. If it did not, the ledger shows
    // money held for a voided order, and checkBalances reports it.
    const unrecorded = amount.amountMinor > 0 && payment.authorized_minor === 0;
    return payment.status === 'pending' || unrecorded ? authorized(payment) : NO_EFFECTS;
  },

  effectsOfRefusal(payment, refusal) {
    const undone = refusal.code === ('Undone' satisfies PaymentRefusal);
    const { events } = undone ? NO_EFFECTS : failed(payment, 'authorizePayment', refusal);
    if (payment.status !== 'pending') return { ...NO_EFFECTS, events };
    return { change: undone ? { status: 'voided', undone } : { status: 'declined' }, entries: [], events };
  },
});

const termsMatch = (
  payment: Payment,
  terms: { amount_minor: number; currency: string; payment_method: string },
): boolean =>
  payment.amount_minor === terms.amount_minor &&
  payment.currency === terms.currency &&
  payment.payment_method === terms.payment_method;
