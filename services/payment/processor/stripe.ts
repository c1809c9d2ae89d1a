import { Stripe } from 'stripe';
import { z } from 'zod';
import type { Money } from '../../../activities/money.ts';
import { paymentRefusal } from '../../../activities/payment.ts';
import type { AwaitsCustomer, CardProcessor, CardRequest, ProcessorEvent, Receipt } from '../processor.ts';
import { stripeAmountOf } from './stripe-amounts.ts';
import { receiptOf, receiptOfRefund, toRefusal } from './stripe-responses.ts';

// A card network may take some seconds. Below an activity's 10 s, so that the timeout reaches us and we can retry.
const TIMEOUT_MS = 8_000;

/**
 * Stripe: an order is one PaymentIntent, created unconfirmed, then confirmed (held), then captured or canceled
 * (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method). A canceled intent can no longer be confirmed:
 * this is the tombstone of a void. Stripe forgets idempotency keys after 24 hours, so the outcome of an earlier
 * request is read from the intent and its refunds.
 */
export function createStripeProcessor({
  webhookSecret,
  ...endpoint
}: {
  apiKey: string;
  apiBase?: string | undefined;
  webhookSecret?: string | undefined;
}): CardProcessor {
  const stripe = createStripeClient(endpoint);
  const { paymentIntents: intents, refunds } = stripe;
  const retrieveIntent = (reference: string) => intents.retrieve(reference, { expand: ['latest_charge'] });

  /** Changes the intent. If Stripe says that its state does not allow this, the current state decides the result. */
  async function change<Step extends IntentStep>(
    step: Step,
    reference: string,
    call: () => Promise<Stripe.PaymentIntent>,
  ): Promise<NonNullable<ReturnType<(typeof receiptOf)[Step]>>> {
    const intent = await call().catch((error: unknown) => {
      if (isUnexpectedState(error)) return retrieveIntent(reference);
      throw toRefusal(step, error);
    });
    const receipt = receiptOf[step](intent) as ReturnType<(typeof receiptOf)[Step]>;
    if (!receipt) throw new Error(`Stripe's payment intent ${intent.id} is ${intent.status} after ${step}`);
    return receipt;
  }

  return {
    async open({ orderId, amount, paymentMethod }) {
      const terms: Stripe.PaymentIntentCreateParams = {
        amount: amountFor('CardDeclined', amount),
        currency: amount.currency.toLowerCase(),
        payment_method: paymentMethod,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        metadata: { orderId },
      };
      const intent = await intents.create(terms, { idempotencyKey: `${orderId}:open` }).catch((error: unknown) => {
        throw toRefusal('authorize', error);
      });
      return intent.id;
    },

    authorize({ key, reference, customerMayAct }) {
      const id = requireReference(reference);
      const terms = customerMayAct ? {} : { error_on_requires_action: true };
      return change('authorize', id, () => intents.confirm(id, terms, { idempotencyKey: key }));
    },

    async void({ key, reference }) {
      // An intent is confirmed only after its id was saved, so without an id there is nothing to release.
      if (reference === null) return { id: null };
      const params = { expand: ['latest_charge'] };
      return change('void', reference, () => intents.cancel(reference, params, { idempotencyKey: key }));
    },

    capture({ key, reference }) {
      const id = requireReference(reference);
      return change('capture', id, () => intents.capture(id, {}, { idempotencyKey: key }));
    },

    async refund({ key, reference, amount }) {
      const terms = {
        payment_intent: requireReference(reference),
        amount: amountFor('RefundRefused', amount),
        metadata: { key },
      };
      const refund = await refunds.create(terms, { idempotencyKey: key }).catch((error: unknown) => {
        throw toRefusal('refund', error);
      });
      return receiptOfRefund(refund);
    },

    async find({ step, key, reference }): Promise<Receipt | AwaitsCustomer | undefined> {
      if (reference === null) return undefined;
      if (step !== 'refund') return receiptOf[step](await retrieveIntent(reference));
      for await (const refund of refunds.list({ payment_intent: reference, limit: 100 })) {
        if (refund.metadata?.key === key) return receiptOfRefund(refund);
      }
      return undefined;
    },

    async isHeld({ reference }) {
      return reference !== null && (await retrieveIntent(reference)).status === 'requires_capture';
    },

    readEvent({ payload, signature }) {
      if (!webhookSecret) throw paymentRefusal('InvalidSignature', 'events of Stripe are not accepted here');
      try {
        const event = stripe.webhooks.constructEvent(payload, signature, webhookSecret, TOLERANCE_SECONDS);
        return paymentOf(AboutObject.parse(event).data.object);
      } catch (error) {
        if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
          throw paymentRefusal('InvalidSignature', 'Stripe-Signature is missing, wrong or older than five minutes');
        }
        if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
        throw paymentRefusal('InvalidEvent', 'the event cannot be read');
      }
    },
  };
}

// Not Stripe's type: an endpoint gets events of the API version that it was made with, and only these fields matter.
const Intent = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
const AboutObject = z.object({
  data: z.object({
    object: z.object({ object: z.string(), id: z.string().optional(), payment_intent: Intent.nullish() }),
  }),
});

/** Events are about an intent, or about a charge, a refund or a dispute of one. */
function paymentOf(about: z.infer<typeof AboutObject>['data']['object']): ProcessorEvent {
  const reference = about.object === 'payment_intent' ? about.id : about.payment_intent;
  return reference ? { reference } : null;
}

// Stripe's own libraries' (https://docs.stripe.com/webhooks#replay-attacks).
const TOLERANCE_SECONDS = 300;

type IntentStep = Exclude<CardRequest['step'], 'refund'>;

function createStripeClient({ apiKey, apiBase }: { apiKey: string; apiBase?: string | undefined }): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase);
  const protocol = base?.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(apiKey, {
    ...(base && { protocol, host: base.hostname, port: base.port || (protocol === 'http' ? 80 : 443) }),
    timeout: TIMEOUT_MS,
    // The caller retries, after a lookup. The SDK still retries a broken connection once, with the same key.
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

/** The intent's state does not allow the change: it was made before, or is no longer possible. */
const isUnexpectedState = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeError && error.code === 'payment_intent_unexpected_state';

function amountFor(refusal: 'CardDeclined' | 'RefundRefused', money: Money): number {
  const amount = stripeAmountOf(money);
  if (amount === undefined) {
    throw paymentRefusal(refusal, `Stripe has no amount of ${money.amountMinor} minor units of ${money.currency}`);
  }
  return amount;
}

function requireReference(reference: string | null): string {
  if (reference === null) throw new Error('this payment has no payment intent at Stripe');
  return reference;
}
