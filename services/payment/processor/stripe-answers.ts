import { Stripe } from 'stripe';
import type { PaymentRefusal } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { CardRequest, Receipt } from '../processor.ts';

type Meaning = (intent: Stripe.PaymentIntent) => Receipt | undefined;

/**
 * What a PaymentIntent's state says of each step: done, refused, or undefined where it may be asked for
 * (https://docs.stripe.com/payments/paymentintents/lifecycle).
 */
export const meaningOf: Readonly<Record<'authorize' | 'void' | 'capture', Meaning>> = {
  authorize(intent) {
    if (intent.status === 'requires_capture' || intent.status === 'succeeded') return { id: intent.id };
    if (intent.status === 'canceled') throw refuse('Undone', 'the payment was canceled before it was authorized');
    const { last_payment_error: decline } = intent;
    if (intent.status === 'requires_payment_method' && decline) throw declined(decline.decline_code ?? decline.code);
    return undefined;
  },
  void(intent) {
    if (intent.status === 'succeeded') throw refuse('AlreadyCaptured', 'the money was taken: refund it');
    return intent.status === 'canceled' ? { id: wasHeld(intent) ? intent.id : null } : undefined;
  },
  capture(intent) {
    if (intent.status === 'canceled') throw refuse('CaptureRefused', 'the payment was canceled or has expired');
    return intent.status === 'succeeded' ? { id: intent.id } : undefined;
  },
};

/** A refund under way (`pending`) is one that Stripe has agreed to. */
export function meaningOfRefund(refund: Stripe.Refund): Receipt {
  if (refund.status === 'failed' || refund.status === 'canceled') {
    throw refuse(
      'RefundRefused',
      `the refund ${refund.status}${refund.failure_reason ? `: ${refund.failure_reason}` : ''}`,
    );
  }
  return { id: refund.id };
}

/** Makes a refusal of an error that is an answer; whatever leaves the outcome unknown stays as it is. */
export function refusalOf(step: CardRequest['step'], error: unknown): unknown {
  if (error instanceof Stripe.errors.StripeCardError) {
    return step === 'authorize' ? declined(error.decline_code || error.code) : refuse(NO[step], inWords(error));
  }
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return error;
  if (step === 'authorize') {
    return error.param === 'payment_method' || UNCHARGEABLE.has(error.code ?? '') ? declined(error.code) : error;
  }
  const exceeds = step === 'refund' && (error.code === 'charge_already_refunded' || error.param === 'amount');
  return refuse(exceeds ? 'RefundExceedsCapture' : NO[step], inWords(error));
}

const NO = { void: 'VoidRefused', capture: 'CaptureRefused', refund: 'RefundRefused' } as const;

/** No card can pay these. With a token that Stripe does not know, the only wrong parameters that are not our bug. */
const UNCHARGEABLE: ReadonlySet<string> = new Set(['amount_too_small', 'amount_too_large']);

const declined = (code: string | undefined) =>
  code === 'insufficient_funds'
    ? refuse('InsufficientFunds', 'there is not enough money on the card')
    : refuse('CardDeclined', `the card was declined${code ? ` (${code})` : ''}`);

/** A charge that succeeded without being captured is a hold; a declined one failed. */
function wasHeld({ latest_charge: charge }: Stripe.PaymentIntent): boolean {
  return charge !== null && typeof charge === 'object' && charge.status === 'succeeded';
}

/** Stripe's code, not its prose: that is written for us, and may name what is ours. */
const inWords = (error: Stripe.errors.StripeError): string =>
  `the card processor refused${error.code ? ` (${error.code})` : ''}`;

const refuse = (code: PaymentRefusal, message: string) => new Refusal(code, message);
