import { z } from 'zod';
import { httpUrl, port, postgresUrl, secret } from '../platform/config.ts';
import { DOOR_PORTS, type ServiceName } from '../platform/service.ts';
import { temporalSettings } from '../platform/temporal.ts';
import { SigningKey } from './tokens.ts';

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim().replace(/\/+$/, ''))
    .filter((entry) => entry !== '');

/** One or more addresses, separated by commas; requests go to them in turn. */
const addresses = (service: ServiceName) =>
  z
    .string()
    .default(`http://127.0.0.1:${DOOR_PORTS[service]}`)
    .transform(listed)
    .refine((urls) => urls.length > 0 && urls.every((url) => httpUrl.safeParse(url).success), {
      error: 'must be http:// or https:// URLs, separated by commas',
    });

const signingKey = z.string().transform((text, context): SigningKey => {
  try {
    return SigningKey.parse(JSON.parse(text));
  } catch {
    // What was given is a secret: it is not repeated here.
    context.addIssue({ code: 'custom', message: 'must be a private Ed25519 key as a JWK in JSON, with a kid' });
    return z.NEVER;
  }
});

// There are no refresh tokens, so each expiry asks a person for the password again; and a token cannot be
// revoked, so this is also how long a demoted admin remains one. An hour is the middle that people know.
const ACCESS_TOKEN_SECONDS = 3_600;

/** Everything the gateway can be told by its environment. */
export const gatewaySettings = {
  PORT: port(3000),
  METRICS_PORT: port(9464),
  HOST: z.string().default('127.0.0.1'),
  GATEWAY_DATABASE_URL: postgresUrl,
  SERVICE_TOKEN: secret,
  USER_URL: addresses('user'),
  PRODUCT_URL: addresses('product'),
  INVENTORY_URL: addresses('inventory'),
  ORDER_URL: addresses('order'),
  SHIPPING_URL: addresses('shipping'),
  ...temporalSettings,
  JWT_PRIVATE_KEY: signingKey,
  JWT_ISSUER: z.string().min(1).default('order-platform'),
  JWT_AUDIENCE: z.string().min(1).default('order-platform'),
  ACCESS_TOKEN_SECONDS: z.coerce
    .number({ error: 'must be a number of seconds from 60 to 86400' })
    .int({ error: 'must be a number of seconds from 60 to 86400' })
    .min(60, { error: 'must be a number of seconds from 60 to 86400' })
    .max(86_400, { error: 'must be a number of seconds from 60 to 86400' })
    .default(ACCESS_TOKEN_SECONDS),
  CARRIER_CALLBACK_SECRET: secret,
  CORS_ORIGINS: z.string().default('').transform(listed),
};
