import { sql } from 'kysely';
import {
  type AuthorizePayment,
  type PaymentRefusal,
  type RenewHold,
  paymentRefusal,
} from '../../../activities/payment.ts';
import type { Payment } from '../database.ts';
import { authorized, failed } from '../effects.ts';
import { holdOf, isOver, isToBeSaved, isUsedBefore, undone } from '../holds.ts';
import { type Effects, NO_EFFECTS } from '../ledger.ts';
import type { PaymentStep, Planned } from '../operation.ts';
import { addHold, createOrLockPayment, lockPayment } from '../payments.ts';
import { customerOfLater, isNotSaved, placeFirst } from '../saved-methods.ts';

/**
 * Holds the money. Refused once a void was requested; the void then releases whatever this step may have held. `saveFor`: the
 * customer of the user who saves the payment method with it.
 */
export const authorize = (request: AuthorizePayment, saveFor?: string): PaymentStep => {
  const { orderId, amount, paymentMethod } = request;
  const terms = { amount_minor: amount.amountMinor, currency: amount.currency, payment_method: paymentMethod };
  return {
    ...holding({ ...request, holdId: orderId }),
    name: 'authorize',

    ...(saveFor === undefined && {
      begin: {
        payment: sql`
          insert into payments (order_id, amount_minor, currency, payment_method)
          select ${orderId}::uuid, ${amount.amountMinor}::bigint, ${amount.currency}, ${paymentMethod}
          where ${isNotSaved(paymentMethod)}
          on conflict (order_id) do nothing
          returning *`,
        amountMinor: sql`amount_minor`,
      },
    }),

    async lock(transaction) {
      const payment = await createOrLockPayment(transaction, orderId, terms);
      if (!payment.undone && !termsMatch(payment, terms)) {
        throw new Error(`the payment of order ${orderId} was already requested with different terms`);
      }
      return payment;
    },

    overridingRefusal: (payment) => (payment.undone ? undone(orderId) : undefined),

    plan: async (transaction, payment): Promise<Planned> => ({
      payment: await placeFirst(transaction, payment, request, saveFor),
      asked: { holdId: orderId, amountMinor: amount.amountMinor },
    }),
  };
};

/**
 * Places another hold on a payment that has one, or had one. Refused, like the first, once nothing may be held any more.
 * `capture_id`: the capture that it is placed for, of what was taken back.
 */
export const renew = (request: RenewHold, capture_id: string | null = null): PaymentStep => {
  const { orderId, holdId, amount, paymentMethod } = request;
  const terms = { hold_id: holdId, amount_minor: amount.amountMinor, payment_method: paymentMethod, capture_id };
  const over = () => paymentRefusal('Undone', `nothing of order ${orderId} is to be held any more`);
  return {
    ...holding(request),
    name: `authorize:${holdId}`,

    async lock(transaction) {
      const payment = await lockPayment(transaction, orderId);
      if (payment?.undone) return payment;
      if (!payment) {
        throw new Error(`the payment of order ${orderId} was never requested: its hold cannot be renewed`);
      }
      requireSameTerms(payment, request);
      return payment;
    },

    overridingRefusal: (payment, earlier) =>
      payment.undone || (isOver(payment) && earlier?.state !== 'done') ? over() : undefined,

    async plan(transaction, payment) {
      if (amount.amountMinor === 0) throw over();
      const user_customer = await customerOfLater(transaction, payment, request);
      const renewed = await addHold(transaction, payment, { ...terms, user_customer });
      return { payment: renewed, asked: { holdId, amountMinor: amount.amountMinor } };
    },
  };
};

/** What the first hold and later ones share. */
const holding = ({
  orderId,
  holdId,
  amount,
  paymentMethod,
  customerMayAct = false,
}: RenewHold): Pick<
  PaymentStep,
  'orderId' | 'refusalIsFinal' | 'amountMinor' | 'buildRequest' | 'effectsOfReceipt' | 'effectsOfRefusal'
> => ({
  orderId,
  refusalIsFinal: true,
  amountMinor: amount.amountMinor,

  buildRequest: ({ payment, hold }, key) => ({
    step: 'authorize',
    key,
    orderId,
    holdId,
    reference: hold.reference,
    amount,
    paymentMethod,
    customer: hold.user_customer,
    save: isToBeSaved(payment, hold),
    usedBefore: isUsedBefore(payment, hold),
    customerMayAct,
  }),

  effectsOfReceipt(payment, _asked, { capturesSeveral, saved }) {
    // A void that came first has found this hold at the processor and recorded it. If it did not, the ledger shows
    // money held for a voided order, and checkBalances reports it.
    const unrecorded = amount.amountMinor > 0 && holdOf(payment, holdId).authorized_minor === 0;
    const isPending = holdId === orderId && payment.status === 'pending';
    if (!isPending && !unrecorded) return NO_EFFECTS;
    return { ...authorized(payment, holdId, capturesSeveral), ...(!payment.undone && { saved }) };
  },

  effectsOfRefusal(payment, _asked, refusal): Effects {
    const isUndone = refusal.code === ('Undone' satisfies PaymentRefusal);
    const { events } = isUndone
      ? NO_EFFECTS
      : failed(payment, holdId === orderId ? 'authorizePayment' : 'renewHold', refusal);
    if (holdId !== orderId || payment.status !== 'pending') return { ...NO_EFFECTS, events };
    const change = isUndone ? ({ status: 'voided', undone: true } as const) : ({ status: 'declined' } as const);
    return { ...NO_EFFECTS, change, events };
  },
});

const termsMatch = (
  payment: Payment,
  terms: { amount_minor: number; currency: string; payment_method: string },
): boolean =>
  payment.amount_minor === terms.amount_minor &&
  payment.currency === terms.currency &&
  payment.payment_method === terms.payment_method;

/** These are bugs of the caller, so no refusals. */
function requireSameTerms(payment: Payment, { orderId, holdId, amount, paymentMethod }: RenewHold): void {
  if (holdId === orderId) throw new Error(`${orderId} is the id of the order's first hold`);
  if (amount.currency !== payment.currency || amount.amountMinor > payment.amount_minor!) {
    throw new Error(`a hold of order ${orderId} is at most ${payment.amount_minor} minor units of ${payment.currency}`);
  }
  const known = payment.holds.find((hold) => hold.hold_id === holdId);
  if (known && (known.amount_minor !== amount.amountMinor || known.payment_method !== paymentMethod)) {
    throw new Error(`hold ${holdId} of order ${orderId} was already requested with different terms`);
  }
}
