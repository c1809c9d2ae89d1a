import { z } from 'zod';
import { httpUrl, port, secret } from '../platform/config.ts';

const settings = {
  HOST: z.string().default('127.0.0.1'),
  SANDBOX_DATA: z.string().default('.data/sandbox'),
};

/** Settings of the card processor. */
export const processorSettings = {
  ...settings,
  PROCESSOR_PORT: port(4010),
  /** Where a customer's browser reaches it. Unset: where it listens. */
  PROCESSOR_PUBLIC_URL: httpUrl.optional(),
  PROCESSOR_CALLBACK_URL: httpUrl.default('http://127.0.0.1:3000/v1/callbacks/processor'),
  PROCESSOR_CALLBACK_SECRET: secret,
};

/** Settings of the carrier. */
export const carrierSettings = {
  ...settings,
  CARRIER_PORT: port(4020),
  CARRIER_PACE_SECONDS: z.coerce
    .number({ error: 'must be a number of seconds, 0 or more' })
    .min(0, { error: 'must be a number of seconds, 0 or more' })
    .max(86_400, { error: 'must be a day at most' })
    .default(0),
  CARRIER_PROMISE_DAYS: z.coerce
    .number({ error: 'must be a number of days, 0 or more' })
    .min(0, { error: 'must be a number of days, 0 or more' })
    .max(365, { error: 'must be at most 365 days' })
    .default(5),
  CARRIER_CALLBACK_URL: httpUrl.default('http://127.0.0.1:3000/v1/callbacks/carrier'),
  CARRIER_CALLBACK_SECRET: secret,
};
