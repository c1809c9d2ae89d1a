import { Stripe } from 'stripe';
import type { Money } from '../../../activities/money.ts';
import { paymentRefusal } from '../../../activities/payment.ts';
import type { AwaitsCustomer, CardCapture, CardOpening, CardProcessor, Receipt } from '../processor.ts';
import { stripeAmountOf } from './stripe-amounts.ts';
import { disputeOf, intentOf } from './stripe-disputes.ts';
import { readStripeEvent } from './stripe-events.ts';
import {
  type IntentRequest,
  alreadyCaptured,
  isChargeFailed,
  isExpired,
  isFailed,
  receiptOf,
  receiptOfRefund,
  toRefusal,
} from './stripe-responses.ts';

// A card network may take some seconds. Below an activity's 10 s, so that the timeout reaches us and we can retry.
const TIMEOUT_MS = 8_000;

/**
 * Stripe: each hold is one PaymentIntent, created unconfirmed, then confirmed (held), then captured or canceled
 * (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method). A canceled intent can no longer be confirmed:
 * this is the tombstone of a void. Stripe forgets idempotency keys after 24 hours, so the outcome of an earlier
 * request is read from the intent and its refunds. Each order has a Customer, because a payment method without one can be
 * used only once (https://docs.stripe.com/payments/save-during-payment): one of its own or, where its payment method is or becomes
 * a saved one, the user's.
 *
 * An intent is captured once, unless `multicapture` asks for more and the card allows it
 * (https://docs.stripe.com/payments/multicapture): what the confirmed intent says is stored with the hold. Each
 * capture leaves its key in the intent's metadata, under the parcel's id.
 */
export function createStripeProcessor({
  webhookSecret,
  multicapture = false,
  ...endpoint
}: {
  apiKey: string;
  apiBase?: string | undefined;
  webhookSecret?: string | undefined;
  multicapture?: boolean;
}): CardProcessor {
  const stripe = createStripeClient(endpoint);
  const { paymentIntents: intents, paymentMethods: methods, refunds, disputes } = stripe;
  const retrieveIntent = (reference: string) => intents.retrieve(reference, { expand: ['latest_charge'] });

  /** Changes the intent. If Stripe says that its state does not allow this, the current state decides the result. */
  async function change(request: IntentRequest, call: () => Promise<Stripe.PaymentIntent>) {
    const { step, reference } = request;
    const intent = await call().catch((error: unknown) => {
      if (isUnexpectedState(error)) return retrieveIntent(requireReference(reference));
      throw toRefusal(step, error);
    });
    const receipt = receiptOf(request, intent);
    if (!receipt) throw new Error(`Stripe's payment intent ${intent.id} is ${intent.status} after ${step}`);
    return receipt;
  }

  return {
    // Whether the card allows it is known once it was charged.
    capturesSeveralTimes: false,
    needsCustomers: true,

    async addCustomer(owner) {
      const idempotencyKey = 'orderId' in owner ? `${owner.orderId}:customer` : `user:${owner.userId}:customer`;
      return (await stripe.customers.create({ metadata: { ...owner } }, { idempotencyKey })).id;
    },

    async detach(paymentMethod) {
      // Without a key: under one, Stripe would repeat an error of its own for a day.
      await methods.detach(paymentMethod).catch(async (error: unknown) => {
        if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
        // Stripe has no code for a payment method that was detached before.
        if ((await methods.retrieve(paymentMethod)).customer !== null) throw error;
      });
    },

    async open({ orderId, holdId, amount, paymentMethod, customer, usedBefore }) {
      const isFirst = holdId === orderId;
      const terms: Stripe.PaymentIntentCreateParams = {
        amount: amountFor('CardDeclined', amount),
        currency: amount.currency.toLowerCase(),
        payment_method: paymentMethod,
        ...(customer !== null && { customer }),
        // Attaches the payment method to the customer, so that a later hold can be placed on it.
        ...(!usedBefore && { setup_future_usage: 'off_session' }),
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        metadata: isFirst ? { orderId } : { orderId, holdId },
        ...(multicapture && { payment_method_options: { card: { request_multicapture: 'if_available' } } }),
      };
      const idempotencyKey = openingKey({ orderId, holdId, usedBefore, multicapture });
      const intent = await intents.create(terms, { idempotencyKey }).catch((error: unknown) => {
        throw toRefusal('authorize', error);
      });
      return intent.id;
    },

    authorize(effect) {
      const id = requireReference(effect.reference);
      const withoutHolder = effect.usedBefore ? OFF_SESSION : { error_on_requires_action: true };
      const terms = { ...(!effect.customerMayAct && withoutHolder), expand: ['latest_charge'] };
      const request = { ...effect, step: 'authorize' } as const;
      return change(request, () => intents.confirm(id, terms, { idempotencyKey: effect.key }));
    },

    async void(effect) {
      const { key: idempotencyKey, reference } = effect;
      // An intent is confirmed only after its id was saved, so without an id there is nothing to release.
      if (reference === null) return { id: null };
      const request = { ...effect, step: 'void' } as const;
      const expand = ['latest_charge'];
      // Canceling would release the rest of an intent that something was captured of.
      const known = await retrieveIntent(reference);
      if (known.amount_received > 0 && known.status === 'requires_capture') {
        if (!effect.rest) throw alreadyCaptured();
        const nothing = { amount_to_capture: 0, final_capture: true, expand };
        const restKey = { idempotencyKey: `${idempotencyKey}:rest` };
        return change(request, () => intents.capture(reference, nothing, restKey)) as Promise<Receipt>;
      }
      return change(request, () => intents.cancel(reference, { expand }, { idempotencyKey })) as Promise<Receipt>;
    },

    async capture(effect) {
      const id = requireReference(effect.reference);
      const request = { ...effect, step: 'capture' } as const;
      return (await change(request, () =>
        intents.capture(id, paramsOf(effect), { idempotencyKey: effect.key }),
      )) as Receipt;
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

    async find(request): Promise<Receipt | AwaitsCustomer | undefined> {
      const { key, reference } = request;
      if (reference === null) return undefined;
      if (request.step !== 'refund') return receiptOf(request, await retrieveIntent(reference));
      for await (const refund of refunds.list({ payment_intent: reference, limit: 100 })) {
        if (refund.metadata?.key === key) return receiptOfRefund(refund);
      }
      return undefined;
    },

    async isHeld({ reference }) {
      return reference !== null && (await retrieveIntent(reference)).status === 'requires_capture';
    },

    hasHoldExpired: async ({ orderId, reference }) =>
      reference !== null && isExpired(orderId, await retrieveIntent(reference)),

    hasCaptureFailed: async ({ reference }) => reference !== null && isChargeFailed(await retrieveIntent(reference)),

    async findDispute({ reference, id }) {
      const dispute = await disputes.retrieve(id).catch((error: unknown) => {
        if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return undefined;
        throw error;
      });
      return dispute && reference !== null && intentOf(dispute) === reference ? disputeOf(dispute) : undefined;
    },

    async hasRefundFailed(id) {
      return isFailed(await refunds.retrieve(id));
    },

    readEvent: (event) => readStripeEvent(stripe.webhooks, event, webhookSecret),
  };
}

/** The customer is not there to confirm; Stripe then declines a card that asks for them. */
const OFF_SESSION = { off_session: true };

/** Different for each form of the request: Stripe refuses a key that comes with another body. An intent too many holds nothing. */
const openingKey = ({
  orderId,
  holdId,
  usedBefore,
  multicapture,
}: Pick<CardOpening, 'orderId' | 'holdId' | 'usedBefore'> & { multicapture: boolean }): string =>
  [
    `${orderId}:intent`,
    ...(holdId === orderId ? [] : [holdId]),
    ...(usedBefore ? ['again'] : []),
    ...(multicapture ? ['multicapture'] : []),
  ].join(':');

/** Of an intent that can be captured only once Stripe releases the rest. */
function paramsOf(capture: CardCapture): Stripe.PaymentIntentCaptureParams {
  const { amount, parcelId, key, whole, several, final } = capture;
  return {
    ...((several || !whole) && { amount_to_capture: amountFor('CaptureRefused', amount) }),
    ...(several && { final_capture: final }),
    metadata: { [parcelId]: key },
  };
}

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

function amountFor(refusal: 'CardDeclined' | 'CaptureRefused' | 'RefundRefused', money: Money): number {
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
