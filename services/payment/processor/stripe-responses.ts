import { Stripe } from 'stripe';
import { paymentRefusal } from '../../../activities/payment.ts';
import type { AwaitsCustomer, CardRequest, Receipt } from '../processor.ts';

type Read<Outcome> = (intent: Stripe.PaymentIntent) => Outcome | undefined;

/**
 * What a PaymentIntent's state means for each step: done (a receipt), refused (thrown), waiting for the card's holder, or
 * undefined if it may be requested
 * (https://docs.stripe.com/payments/paymentintents/lifecycle).
 */
export const receiptOf: Readonly<
  Record<'void' | 'capture', Read<Receipt>> & Record<'authorize', Read<Receipt | AwaitsCustomer>>
> = {
  authorize(intent) {
    if (intent.status === 'requires_capture' || intent.status === 'succeeded') return { id: intent.id };
    if (intent.status === 'canceled')
      throw paymentRefusal('Undone', 'the payment was canceled before it was authorized');
    // `processing`: the holder has acted, and the bank has not answered.
    if (intent.status === 'requires_action' || intent.status === 'processing') {
      return { customerAction: { type: 'stripe', clientSecret: intent.client_secret! } };
    }
    const { last_payment_error: decline } = intent;
    if (intent.status === 'requires_payment_method' && decline) throw declined(decline.decline_code ?? decline.code);
    return undefined;
  },
  void(intent) {
    if (intent.status === 'succeeded')
      throw paymentRefusal('AlreadyCaptured', 'the payment was captured: refund it instead');
    return intent.status === 'canceled' ? { id: wasHeld(intent) ? intent.id : null } : undefined;
  },
  capture(intent) {
    if (intent.status === 'canceled') throw paymentRefusal('CaptureRefused', 'the payment was canceled or has expired');
    return intent.status === 'succeeded' ? { id: intent.id } : undefined;
  },
};

/** A `pending` refund counts as done: Stripe has accepted it. */
export function receiptOfRefund(refund: Stripe.Refund): Receipt {
  if (refund.status === 'failed' || refund.status === 'canceled') {
    throw paymentRefusal(
      'RefundRefused',
      `the refund ${refund.status}${refund.failure_reason ? `: ${refund.failure_reason}` : ''}`,
    );
  }
  return { id: refund.id };
}

/** Converts a definite refusal by Stripe into a `Refusal`; errors that leave the outcome unknown are returned unchanged. */
export function toRefusal(step: CardRequest['step'], error: unknown): unknown {
  if (error instanceof Stripe.errors.StripeCardError) {
    return step === 'authorize'
      ? declined(error.decline_code || error.code)
      : paymentRefusal(REFUSAL_CODES[step], describeError(error));
  }
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return error;
  if (step === 'authorize') {
    return error.param === 'payment_method' || UNCHARGEABLE.has(error.code ?? '') ? declined(error.code) : error;
  }
  const exceeds = step === 'refund' && (error.code === 'charge_already_refunded' || error.param === 'amount');
  return paymentRefusal(exceeds ? 'RefundExceedsCapture' : REFUSAL_CODES[step], describeError(error));
}

const REFUSAL_CODES = { void: 'VoidRefused', capture: 'CaptureRefused', refund: 'RefundRefused' } as const;

/** Amounts that no card can pay. With an unknown payment method, the only invalid parameters that are not our bug. */
const UNCHARGEABLE: ReadonlySet<string> = new Set(['amount_too_small', 'amount_too_large']);

// https://docs.stripe.com/error-codes#payment-intent-authentication-failure
const NOT_CONFIRMED = 'payment_intent_authentication_failure';

function declined(code: string | undefined) {
  if (code === 'insufficient_funds') return paymentRefusal('InsufficientFunds', 'the card has insufficient funds');
  if (code === NOT_CONFIRMED) {
    return paymentRefusal('PaymentNotCompleted', "the card's holder did not confirm the payment");
  }
  return paymentRefusal('CardDeclined', `the card was declined${code ? ` (${code})` : ''}`);
}

/** A charge that succeeded without capture is a hold; a declined charge failed. */
function wasHeld({ latest_charge: charge }: Stripe.PaymentIntent): boolean {
  return charge !== null && typeof charge === 'object' && charge.status === 'succeeded';
}

/** Uses Stripe's code, not its message: the message is written for us and may contain internal details. */
const describeError = (error: Stripe.errors.StripeError): string =>
  `the card processor refused the request${error.code ? ` (${error.code})` : ''}`;
