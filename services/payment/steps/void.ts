import { sql } from 'kysely';
import type { OrderRef } from '../../../activities/identity.ts';
import { paymentRefusal } from '../../../activities/payment.ts';
import { NO_EFFECTS, authorized, failed, together, voided } from '../ledger.ts';
import type { Payment } from '../database.ts';
import type { PaymentStep } from '../operation.ts';
import { createOrLockPayment, lockPayment } from '../payments.ts';

/**
 * Releases the hold. It always calls the processor, even if we know of no authorization: a late one may be under way,
 * and the processor's tombstone stops it where ours came too late.
 */
export const voidHold = ({ orderId }: OrderRef): PaymentStep => ({
  ...releasing(orderId),
  name: 'void',

  begin: {
    payment: sql`
      insert into payments (order_id, undone) values (${orderId}, true)
      on conflict (order_id) do update set undone = true, updated_at = now() where payments.status <> 'captured'
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
    if (payment.status === 'captured') {
      throw paymentRefusal('AlreadyCaptured', `the payment of order ${orderId} was captured: refund it instead`);
    }
    return payment;
  },
});

/** Releases a hold that the card's holder confirmed after the void, at a processor whose tombstone did not stop it. */
export const releaseHold = ({ orderId }: OrderRef): PaymentStep => ({
  ...releasing(orderId),
  name: 'release',

  async lock(transaction) {
    const payment = await lockPayment(transaction, orderId);
    if (payment?.undone) return payment;
    throw paymentRefusal('NotUndone', `the payment of order ${orderId} was not voided`);
  },
});

const releasing = (orderId: string): Omit<PaymentStep, 'name' | 'lock'> => ({
  orderId,
  refusalIsFinal: false,
  overridingRefusal: () => undefined,
  prepare: async () => undefined,
  buildRequest: ({ reference }, key) => ({ step: 'void', key, orderId, reference }),

  effectsOfReceipt(payment, receipt) {
    // The processor held money that we had no record of: the authorizing request died, has not returned yet, or its
    // holder confirmed too late.
    const unrecorded = receipt.id !== null && payment.authorized_minor === 0 && payment.amount_minor !== null;
    if (unrecorded) return together(authorized(payment), voided(payment));
    return isHeld(payment) ? voided(payment) : { ...NO_EFFECTS, change: { status: 'voided' } };
  },

  effectsOfRefusal: (payment, refusal) => failed(payment, 'voidPayment', refusal),
});

const isHeld = ({ authorized_minor, voided_minor }: Payment): boolean => authorized_minor > voided_minor;
