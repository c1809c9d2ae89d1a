import { randomUUID } from 'node:crypto';
import type { PaymentActivities, PaymentRequests } from '../../activities/payment.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import type { CardProcessor } from '../../services/payment/processor.ts';
import { createStripeProcessor } from '../../services/payment/processor/stripe.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type StripeServer, startStripeServer } from './fake-stripe.ts';
import { type PaymentBench, paymentBench, paymentRequest, pounds } from './test-payment-service.ts';

export const API_KEY = 'sk_test_123';

interface StripeOptions {
  multicapture?: boolean;
  webhookSecret?: string;
}

/** The payment service with its own database and, for each test, a new server that plays Stripe. Its ids start at 1. */
export interface StripeBench {
  readonly bench: PaymentBench;
  readonly stripe: StripeServer;
  processor: (options?: StripeOptions) => CardProcessor;
  service: (options?: StripeOptions) => PaymentActivities;
  requests: (options?: StripeOptions) => PaymentRequests;
}

/** Call it in `describe`. */
export function stripeBench(): StripeBench {
  const bench = paymentBench();
  let stripe: StripeServer;
  beforeEach(async () => {
    stripe = await startStripeServer();
    // What an earlier test has stored has the same ids.
    const { db } = bench.database;
    await db.updateTable('payments').set({ reference: null, customer: null }).execute();
    await db.updateTable('holds').set({ reference: null }).execute();
    await db.deleteFrom('saved_methods').execute();
    await db.deleteFrom('customers').execute();
  });
  afterEach(() => stripe.close());

  const processor = (options: StripeOptions = {}) =>
    createStripeProcessor({ apiKey: API_KEY, apiBase: stripe.url, ...options });
  const dependencies = (options?: StripeOptions) => ({ db: bench.database.db, processor: processor(options) });

  return {
    bench,
    get stripe() {
      return stripe;
    },
    processor,
    service: (options) => createPaymentActivities(dependencies(options)),
    requests: (options) => createPaymentRequests(dependencies(options)),
  };
}

/** Orders of 1,000 that are captured in two parts: 400, and at last 500. */
export const inParts = (stage: StripeBench) => ({
  authorized: async (multicapture: boolean): Promise<string> => {
    const request = paymentRequest({ amount: pounds(1000) });
    await stage.service({ multicapture }).authorizePayment(request);
    return request.orderId;
  },
  parts: (orderId: string) => {
    const first = { orderId, parcelId: orderId, amount: pounds(400), outstanding: pounds(900) };
    return [first, { orderId, parcelId: randomUUID(), amount: pounds(500), outstanding: pounds(500) }] as const;
  },
  sumsOf: async (orderId: string) => {
    const { status, authorized_minor, voided_minor, captured_minor } = await stage.bench.paymentOf(orderId);
    return [status, authorized_minor, voided_minor, captured_minor];
  },
  captures: () => stage.stripe.requests.filter(({ call }) => call.endsWith('/capture')),
});
