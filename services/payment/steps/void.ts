import { sql } from 'kysely';
import { paymentRefusal } from '../../../activities/payment.ts';
import type { Hold, Payment, PaymentTransaction } from '../database.ts';
import { authorized, failed, isUnrecorded, nothingReleased, released } from '../effects.ts';
import { heldOf, holdOf, isFirst, stepOf } from '../holds.ts';
import { together } from '../ledger.ts';
import type { PaymentStep, Planned } from '../operation.ts';
import { createOrLockPayment, lockPayment } from '../payments.ts';

/**
 * Releases the first hold, and leaves a tombstone. It always calls the processor, even if we know of no authorization: a late
 * one may be under way, and the processor's tombstone stops it where ours came too late.
 */
export const voidPayment = (orderId: string): PaymentStep => ({
  ...releasing(orderId, { name: 'void', effect: 'void' }),

  begin: {
    payment: sql`
      insert into payments (order_id, undone) values (${orderId}, true)
      on conflict (order_id) do update set undone = true, updated_at = now()
        where payments.captured_minor = 0 and payments.status <> 'captured' and not payments.renewed
          and payments.capture_reserved_minor = 0
      returning *`,
    amountMinor: sql`0`,
  },

  async lock(transaction) {
    // The tombstone stays, whatever the outcome of the void itself, unless this is refused below.
    const payment = await createOrLockPayment(transaction, orderId, {
      amount_minor: null,
      currency: null,
      payment_method: null,
      undone: true,
    });
    if (payment.captured_minor > 0 || payment.status === 'captured') {
      throw paymentRefusal('AlreadyCaptured', `the payment of order ${orderId} was captured: refund it instead`);
    }
    if (payment.capture_reserved_minor > 0) throw underWay(orderId);
    return payment;
  },
});

/** Releases a hold of a payment that goes on, that was voided, or that has ended, whatever was captured of the hold. */
export const voidHold = (hold: Hold): PaymentStep => {
  const step = stepOf('void', hold);
  return {
    ...releasing(hold.order_id, { name: step, effect: step }),
    plan: (transaction, payment) => giveUp(transaction, payment, hold.hold_id),
  };
};

/** Releases a hold that the card's holder confirmed after it was given up, at a processor whose tombstone did not stop it. */
export const releaseLate = (hold: Hold): PaymentStep => ({
  ...releasing(hold.order_id, { name: stepOf('release', hold), effect: stepOf('void', hold) }),

  async plan(_transaction, payment) {
    requireNoCapture(payment, hold.hold_id);
    const final = payment.captured_minor > 0 || !isFirst(hold);
    return { payment, asked: { holdId: hold.hold_id, amountMinor: 0, final } };
  },
});

/** Releases what the captures of a payment's only hold have left, once no more is captured. */
export const releaseRest = (orderId: string): PaymentStep => ({
  ...releasing(orderId, { name: 'rest', effect: 'rest' }),
  plan: (transaction, payment) => giveUp(transaction, payment, orderId),
});

const releasing = (
  orderId: string,
  { name, effect }: { name: string; effect: string },
): Omit<PaymentStep, 'begin'> => ({
  orderId,
  name,
  refusalIsFinal: false,
  overridingRefusal: () => undefined,
  lock: (transaction) => lockExisting(transaction, orderId),
  plan: async (_transaction, payment) => ({ payment, asked: { holdId: orderId, amountMinor: 0 } }),

  buildRequest: ({ hold, asked }, key) => ({
    step: 'void',
    key,
    orderId,
    holdId: hold.hold_id,
    reference: hold.reference,
    rest: asked.final ?? false,
  }),

  effectsOfReceipt(payment, { holdId }, receipt) {
    const hold = holdOf(payment, holdId);
    // The processor held money that we had no record of: the authorizing request died, has not returned yet, or its
    // holder confirmed too late.
    if (receipt.id !== null && isUnrecorded(hold)) {
      return together(payment, authorized(payment, holdId), (next) => released(next, holdId, effect));
    }
    return heldOf(hold) > 0 ? released(payment, holdId, effect) : nothingReleased(payment, holdId);
  },

  effectsOfRefusal: (payment, _asked, refusal) => failed(payment, 'voidPayment', refusal),
});

async function lockExisting(transaction: PaymentTransaction, orderId: string): Promise<Payment> {
  const payment = await lockPayment(transaction, orderId);
  if (payment) return payment;
  throw new Error(`the payment of order ${orderId} was never requested`);
}

/** Nothing more is captured of the hold from now on: what is released is then what was not captured. */
async function giveUp(transaction: PaymentTransaction, payment: Payment, holdId: string): Promise<Planned> {
  const { order_id: orderId } = payment;
  requireNoCapture(payment, holdId);
  if (payment.renewed) {
    await transaction
      .updateTable('holds')
      .set({ closed: true })
      .where('order_id', '=', orderId)
      .where('hold_id', '=', holdId)
      .execute();
  }
  return { payment, asked: { holdId, amountMinor: 0, final: true } };
}

/** What a capture under way takes is not released. */
function requireNoCapture(payment: Payment, holdId: string): void {
  if (holdOf(payment, holdId).capture_reserved_minor > 0) throw underWay(payment.order_id);
}

/** A fault: the request is repeated, and by then it is known what was captured. */
export const underWay = (orderId: string) => new Error(`a capture of order ${orderId} is under way`);
