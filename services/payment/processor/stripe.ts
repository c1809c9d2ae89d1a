import { Stripe } from 'stripe';
import type { CardProcessor, CardRequest, Receipt } from '../processor.ts';
import { meaningOf, meaningOfRefund, refusalOf } from './stripe-answers.ts';

// A card network may take some seconds; below an activity's 10 s, so that we learn of it and ask again.
const TIMEOUT_MS = 8_000;

/**
 * Stripe: an order is one PaymentIntent, made unconfirmed, then confirmed (held), then captured or canceled
 * (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method). An intent that was canceled cannot be
 * confirmed any more: that is the mark a void leaves. Stripe forgets idempotency keys after 24 hours, so what came
 * of an earlier request is read off the intent and its refunds.
 */
export function createStripeProcessor(place: { apiKey: string; apiBase?: string | undefined }): CardProcessor {
  const stripe = clientFor(place);
  const { paymentIntents: intents, refunds } = stripe;
  const look = (reference: string) => intents.retrieve(reference, { expand: ['latest_charge'] });

  /** The receipt of a change to the intent, or of its state where it had been changed before. */
  async function change(step: IntentStep, reference: string, call: () => Promise<Stripe.PaymentIntent>) {
    const intent = await call().catch((error: unknown) => {
      if (stands(error)) return look(reference);
      throw refusalOf(step, error);
    });
    const receipt = meaningOf[step](intent);
    if (!receipt) throw new Error(`after ${step} Stripe's ${intent.id} is ${intent.status}`);
    return receipt;
  }

  return {
    async open({ orderId, amount, paymentMethod }) {
      const terms: Stripe.PaymentIntentCreateParams = {
        amount: amount.amountMinor,
        currency: amount.currency.toLowerCase(),
        payment_method: paymentMethod,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        metadata: { orderId },
      };
      const intent = await intents.create(terms, { idempotencyKey: `${orderId}:open` }).catch((error: unknown) => {
        throw refusalOf('authorize', error);
      });
      return intent.id;
    },

    authorize({ key, reference }) {
      const id = known(reference);
      // Nobody is there to answer a bank's questions: a card that asks them is declined.
      const terms = { error_on_requires_action: true };
      return change('authorize', id, () => intents.confirm(id, terms, { idempotencyKey: key }));
    },

    async void({ key, reference }) {
      // Only an intent whose id was kept first is ever confirmed, so without one there is nothing to let go of.
      if (reference === null) return { id: null };
      const wish = { expand: ['latest_charge'] };
      return change('void', reference, () => intents.cancel(reference, wish, { idempotencyKey: key }));
    },

    capture({ key, reference }) {
      const id = known(reference);
      return change('capture', id, () => intents.capture(id, {}, { idempotencyKey: key }));
    },

    async refund({ key, reference, amount }) {
      const terms = { payment_intent: known(reference), amount: amount.amountMinor, metadata: { key } };
      const refund = await refunds.create(terms, { idempotencyKey: key }).catch((error: unknown) => {
        throw refusalOf('refund', error);
      });
      return meaningOfRefund(refund);
    },

    async find({ step, key, reference }): Promise<Receipt | undefined> {
      if (reference === null) return undefined;
      if (step !== 'refund') return meaningOf[step](await look(reference));
      for await (const refund of refunds.list({ payment_intent: reference, limit: 100 })) {
        if (refund.metadata?.key === key) return meaningOfRefund(refund);
      }
      return undefined;
    },
  };
}

type IntentStep = Exclude<CardRequest['step'], 'refund'>;

function clientFor({ apiKey, apiBase }: { apiKey: string; apiBase?: string | undefined }): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase);
  const protocol = base?.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(apiKey, {
    ...(base && { protocol, host: base.hostname, port: base.port || (protocol === 'http' ? 80 : 443) }),
    timeout: TIMEOUT_MS,
    // Whoever asked us asks again, and looks first. A broken connection the SDK repeats once all the same, with its key.
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

/** The intent is not in a state to be changed so: it was before, or it can no longer be. */
const stands = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeError && error.code === 'payment_intent_unexpected_state';

function known(reference: string | null): string {
  if (reference === null) throw new Error('this payment was never opened at Stripe');
  return reference;
}
