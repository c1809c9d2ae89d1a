import type { OrderRef } from '../../../activities/identity.ts';
import type { PaymentRefusal } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { bookAuthorization, bookVoid, tellFailure } from '../ledger.ts';
import type { Step } from '../operation.ts';
import { changePayment, claimPayment } from '../payments.ts';

/**
 * Lets go of the money. It always reaches the processor, also where we know of no authorization: a late one may be
 * on its way there, and the processor's mark stops it where ours came too late.
 */
export const voidHold = ({ orderId }: OrderRef): Step => ({
  orderId,
  name: 'void',
  refusedForGood: false,

  async enter(work) {
    const payment = await claimPayment(work, orderId, {
      amount_minor: null,
      currency: null,
      payment_method: null,
      undone: true,
    });
    if (payment.status === 'captured') {
      throw new Refusal<PaymentRefusal>('AlreadyCaptured', `the money of order ${orderId} was taken: refund it`);
    }
    // Stands from here on, whatever becomes of the void itself.
    if (!payment.undone) await changePayment(work, orderId, { undone: true });
    return payment;
  },

  overruled: () => undefined,

  admit: async () => undefined,

  request: ({ reference }, key) => ({ step: 'void', key, orderId, reference }),

  async accept(work, payment, receipt) {
    // Something was held that nobody had told us of: whoever asked for it died, or has yet to come back.
    const unknown = receipt.id !== null && payment.authorized_minor === 0 && payment.amount_minor !== null;
    if (unknown) await bookAuthorization(work, payment);
    if (unknown || payment.authorized_minor > 0) await bookVoid(work, payment);
    else await changePayment(work, orderId, { status: 'voided' });
  },

  decline: (work, payment, refusal) => tellFailure(work, payment, 'voidPayment', refusal),
});
