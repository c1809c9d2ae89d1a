import { z } from 'zod';
import { paymentActivities, paymentRequests } from '../../activities/payment.ts';
import { SettingError, httpUrl, secret } from '../../platform/config.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createPaymentActivities } from './activities.ts';
import type { PaymentDatabase } from './database.ts';
import { keepDetaching } from './method-requests.ts';
import type { CardProcessor } from './processor.ts';
import { createSandboxProcessor } from './processor/sandbox.ts';
import { createStripeProcessor } from './processor/stripe.ts';
import { createPaymentRequests } from './requests.ts';

const settings = {
  CARD_PROCESSOR: z.enum(['sandbox', 'stripe'], { error: 'must be sandbox or stripe' }).default('sandbox'),
  PROCESSOR_URL: httpUrl.default('http://127.0.0.1:4010'),
  /** Signs the events of the sandbox processor. */
  PROCESSOR_CALLBACK_SECRET: secret.optional(),
  STRIPE_API_KEY: z.string().optional(),
  /** The endpoint's signing secret, whsec_…; without it Stripe's events are refused. */
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  /** Whether Stripe captures an order in several parts; the account must have the feature. If not, all with the first parcel. */
  STRIPE_MULTICAPTURE: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  /** For a test server such as stripe-mock. Unset: Stripe itself. */
  STRIPE_API_BASE: httpUrl.optional(),
};
type Settings = z.infer<z.ZodObject<typeof settings>>;

/** Authorizes, captures, voids and refunds payments, and keeps the money ledger. */
export const payment: Service = defineService<PaymentDatabase, typeof settings>(REGISTRY, {
  name: 'payment',
  settings,
  create({ db, config, logger }) {
    const dependencies = { db, processor: chooseProcessor(config) };
    const detaching = keepDetaching(dependencies, logger);
    return {
      close: () => detaching.close(),
      requests: { operations: paymentRequests, implementation: createPaymentRequests(dependencies) },
      activities: { operations: paymentActivities, implementation: createPaymentActivities(dependencies) },
    };
  },
});

/** Creates the card processor that the settings select. */
export function chooseProcessor(config: Settings): CardProcessor {
  if (config.CARD_PROCESSOR === 'sandbox') {
    const { PROCESSOR_URL: url, PROCESSOR_CALLBACK_SECRET: callbackSecret } = config;
    if (!callbackSecret)
      throw new SettingError('setting PROCESSOR_CALLBACK_SECRET: is not set, but CARD_PROCESSOR is sandbox');
    return createSandboxProcessor(withoutSlash(url), callbackSecret);
  }
  if (!config.STRIPE_API_KEY)
    throw new SettingError('setting STRIPE_API_KEY: is not set, but CARD_PROCESSOR is stripe');
  return createStripeProcessor({
    apiKey: config.STRIPE_API_KEY,
    apiBase: config.STRIPE_API_BASE,
    webhookSecret: config.STRIPE_WEBHOOK_SECRET,
    multicapture: config.STRIPE_MULTICAPTURE === 'true',
  });
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
