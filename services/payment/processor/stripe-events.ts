import { Stripe } from 'stripe';
import { z } from 'zod';
import { paymentRefusal } from '../../../activities/payment.ts';
import type { ProcessorEvent } from '../processor.ts';

// Not Stripe's type: an endpoint gets events of the API version that it was made with, and only these fields matter.
const Intent = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
const Event = z.object({
  type: z.string().optional(),
  data: z.object({
    object: z.object({ object: z.string(), id: z.string().optional(), payment_intent: Intent.nullish() }),
  }),
});
type Event = z.infer<typeof Event>;

/**
 * The bank has released a hold by itself: Stripe then cancels the intent
 * (https://docs.stripe.com/api/events/types#event_types-charge.expired).
 */
const EXPIRIES: readonly (string | undefined)[] = ['charge.expired', 'payment_intent.canceled'];

/**
 * A charge has failed. Stripe documents it of a charge that was attempted; of one that was captured before, its status says so
 * afterwards (https://docs.stripe.com/api/events/types#event_types-charge.failed and #event_types-payment_intent.payment_failed).
 */
const FAILURES: readonly (string | undefined)[] = ['charge.failed', 'payment_intent.payment_failed'];

/** Checks the signature of an event and reads it. Refuses `InvalidSignature` and `InvalidEvent`. */
export function readStripeEvent(
  webhooks: Stripe['webhooks'],
  { payload, signature }: { payload: string; signature: string },
  secret: string | undefined,
): ProcessorEvent {
  if (!secret) throw paymentRefusal('InvalidSignature', 'events of Stripe are not accepted here');
  try {
    return paymentOf(Event.parse(webhooks.constructEvent(payload, signature, secret, TOLERANCE_SECONDS)));
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      throw paymentRefusal('InvalidSignature', 'Stripe-Signature is missing, wrong or older than five minutes');
    }
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw paymentRefusal('InvalidEvent', 'the event cannot be read');
  }
}

/** Events are about an intent, or about a charge, a refund or a dispute of one. */
function paymentOf({ type, data: { object: about } }: Event): ProcessorEvent {
  const reference = about.object === 'payment_intent' ? about.id : about.payment_intent;
  if (!reference) return null;
  return {
    reference,
    ...(about.object === 'refund' && about.id && { refund: about.id }),
    ...(about.object === 'dispute' && about.id && { dispute: about.id }),
    ...(EXPIRIES.includes(type) && { expiry: true }),
    ...(FAILURES.includes(type) && { captures: true }),
  };
}

// Stripe's own libraries' (https://docs.stripe.com/webhooks#replay-attacks).
const TOLERANCE_SECONDS = 300;
