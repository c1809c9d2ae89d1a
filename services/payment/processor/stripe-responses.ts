import { Stripe } from 'stripe';
import { paymentRefusal } from '../../../activities/payment.ts';
import type {
  AwaitsCustomer,
  CardAuthorization,
  CardCapture,
  CardRequest,
  CardVoid,
  Receipt,
  SavedCard,
} from '../processor.ts';
import { stripeAmountOf } from './stripe-amounts.ts';

export type IntentRequest = Exclude<CardRequest, { step: 'refund' }>;

/**
 * What a PaymentIntent's state means for a request: done (a receipt), refused (thrown), waiting for the card's holder, or
 * undefined if it may be requested
 * (https://docs.stripe.com/payments/paymentintents/lifecycle).
 */
export function receiptOf(request: IntentRequest, intent: Stripe.PaymentIntent): Receipt | AwaitsCustomer | undefined {
  if (request.step === 'authorize') return receiptOfHold(request, intent);
  return request.step === 'void' ? receiptOfVoid(request, intent) : receiptOfCapture(request, intent);
}

function receiptOfHold(
  { save }: CardAuthorization,
  intent: Stripe.PaymentIntent,
): Receipt | AwaitsCustomer | undefined {
  if (intent.status === 'requires_capture' || intent.status === 'succeeded') {
    const receipt = { id: intent.id, capturesSeveral: allowsSeveral(intent) };
    return save ? { ...receipt, saved: savedCard(intent) } : receipt;
  }
  if (intent.status === 'canceled') throw paymentRefusal('Undone', 'the payment was canceled before it was authorized');
  // `processing`: the holder has acted, and the bank has not answered.
  if (intent.status === 'requires_action' || intent.status === 'processing') {
    return { customerAction: { type: 'stripe', clientSecret: intent.client_secret! } };
  }
  const { last_payment_error: decline } = intent;
  if (intent.status === 'requires_payment_method' && decline) throw declined(decline.decline_code ?? decline.code);
  return undefined;
}

function receiptOfVoid({ rest }: CardVoid, intent: Stripe.PaymentIntent): Receipt | undefined {
  if (!rest && (intent.status === 'succeeded' || intent.amount_received > 0)) throw alreadyCaptured();
  if (intent.status === 'succeeded') {
    return { id: intent.amount_received < intent.amount ? intent.id : null };
  }
  return intent.status === 'canceled' ? { id: wasHeld(intent) ? intent.id : null } : undefined;
}

export const alreadyCaptured = () => paymentRefusal('AlreadyCaptured', 'the payment was captured: refund it instead');

/**
 * Each capture leaves its key under the parcel's id, next to metadata that others may have added. Only an earlier version left
 * none, of the whole hold.
 */
function receiptOfCapture(
  { orderId, parcelId, amount }: CardCapture,
  intent: Stripe.PaymentIntent,
): Receipt | undefined {
  if (capturesOf(orderId, intent).some(([parcel]) => parcel === parcelId)) return { id: intent.id };
  if (isExpired(orderId, intent)) throw expired();
  if (intent.status === 'canceled') throw paymentRefusal('CaptureRefused', 'the payment was canceled');
  if (intent.status !== 'succeeded') return undefined;
  if (intent.amount_received === stripeAmountOf(amount)) return { id: intent.id };
  throw new Error(`Stripe's payment intent ${intent.id} was captured with ${intent.amount_received}, not as asked`);
}

const capturesOf = (orderId: string, { metadata }: Stripe.PaymentIntent): [parcelId: string, key: string][] =>
  Object.entries(metadata).filter(([, key]) => key.startsWith(`${orderId}:capture`));

/**
 * Stripe cancels an intent by itself when its hold expires
 * (https://docs.stripe.com/api/payment_intents/object#payment_intent_object-cancellation_reason). Of one that our captures have
 * taken a part of, it releases the rest: `succeeded`, as after a last capture.
 */
export function isExpired(orderId: string, intent: Stripe.PaymentIntent): boolean {
  const { status, cancellation_reason: reason } = intent;
  if (status === 'canceled') return reason === 'automatic' || reason === 'expired';
  return status === 'succeeded' && capturesOf(orderId, intent).length > 0;
}

const expired = () => paymentRefusal('HoldExpired', "the card's bank holds nothing any more");

/** Of an intent that was captured: its charge fails as a whole, with all its captures. */
export const isChargeFailed = ({ latest_charge: charge }: Stripe.PaymentIntent): boolean =>
  charge !== null && typeof charge === 'object' && charge.status === 'failed';

/** Whether the card allows several captures; known once it was authorized. */
const allowsSeveral = (intent: Stripe.PaymentIntent): boolean =>
  chargedCard(intent)?.multicapture?.status === 'available';

/** Its payment method, attached to the customer. Absent: nothing of the card could be shown, so that it cannot be listed. */
function savedCard(intent: Stripe.PaymentIntent): SavedCard | undefined {
  const { payment_method: method } = intent;
  const { brand, last4, exp_month: expiryMonth, exp_year: expiryYear } = chargedCard(intent) ?? {};
  if (!method || !brand || !last4 || !expiryMonth || !expiryYear) return undefined;
  return { paymentMethod: typeof method === 'string' ? method : method.id, brand, last4, expiryMonth, expiryYear };
}

function chargedCard({ latest_charge: charge }: Stripe.PaymentIntent) {
  return charge !== null && typeof charge === 'object' ? charge.payment_method_details?.card : undefined;
}

/** A `pending` refund counts as done: Stripe has accepted it. */
export function receiptOfRefund(refund: Stripe.Refund): Receipt {
  if (isFailed(refund)) {
    throw paymentRefusal(
      'RefundRefused',
      `the refund ${refund.status}${refund.failure_reason ? `: ${refund.failure_reason}` : ''}`,
    );
  }
  return { id: refund.id };
}

/** Also later, after it was pending or had succeeded (https://docs.stripe.com/refunds#failed-refunds). */
export const isFailed = ({ status }: Stripe.Refund): boolean => status === 'failed' || status === 'canceled';

/** Converts a definite refusal by Stripe into a `Refusal`; errors that leave the outcome unknown are returned unchanged. */
export function toRefusal(step: CardRequest['step'], error: unknown): unknown {
  if (error instanceof Stripe.errors.StripeCardError) {
    return step === 'authorize'
      ? declined(error.decline_code || error.code)
      : paymentRefusal(REFUSAL_CODES[step], describeError(error));
  }
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return error;
  if (step === 'authorize') {
    const isOfCard = error.param === 'payment_method' || NOT_REUSABLE.test(error.message);
    return isOfCard || UNCHARGEABLE.has(error.code ?? '') ? declined(error.code) : error;
  }
  if (step === 'capture' && error.code === EXPIRED_FOR_CAPTURE) return expired();
  const exceeds = step === 'refund' && (error.code === 'charge_already_refunded' || error.param === 'amount');
  return paymentRefusal(exceeds ? 'RefundExceedsCapture' : REFUSAL_CODES[step], describeError(error));
}

const REFUSAL_CODES = { void: 'VoidRefused', capture: 'CaptureRefused', refund: 'RefundRefused' } as const;

/** Amounts that no card can pay. With an unknown payment method, the only invalid parameters that are not our bug. */
const UNCHARGEABLE: ReadonlySet<string> = new Set(['amount_too_small', 'amount_too_large']);

/** Stripe has no code for a payment method that was used without a customer, or belongs to another one. */
const NOT_REUSABLE = /previously used|may not be used again|does not belong to|must attach|must be attached/i;

// https://docs.stripe.com/error-codes#charge-expired-for-capture
const EXPIRED_FOR_CAPTURE = 'charge_expired_for_capture';

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
