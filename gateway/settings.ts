import { z } from 'zod';
import { listed, port, postgresUrl, requestsPerMinute, secret } from '../platform/config.ts';
import { urlsOf } from '../services/registry.ts';
import { oidcSettings } from './auth/oidc-settings.ts';
import { PublicKey, SigningKey } from './auth/tokens.ts';
import { parseProxies } from './rate-limits/client-address.ts';

const signingKey = z.string().transform((text, context): SigningKey => {
  try {
    return SigningKey.parse(JSON.parse(text));
  } catch {
    // The value is a secret, so the message does not repeat it.
    context.addIssue({ code: 'custom', message: 'must be a private Ed25519 key as a JWK in JSON, with a kid' });
    return z.NEVER;
  }
});

const publicKeys = z
  .string()
  .default('[]')
  .transform((text, context): PublicKey[] => {
    try {
      // Strict, to reject private keys: this setting need not be kept secret.
      return z
        .array(
          z.strictObject({ ...PublicKey.shape, alg: z.literal('EdDSA').optional(), use: z.literal('sig').optional() }),
        )
        .parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON array of public Ed25519 keys as JWKs, each with a kid',
      });
      return z.NEVER;
    }
  });

const proxies = z
  .string()
  .default('')
  .transform((text, context) => {
    try {
      return parseProxies(text.split(',').flatMap((entry) => entry.trim() || []));
    } catch {
      context.addIssue({ code: 'custom', message: 'must be addresses or CIDR ranges, separated by commas' });
      return z.NEVER;
    }
  });

const tokenSeconds = z.coerce
  .number({ error: 'must be a number of seconds from 60 to 86400' })
  .int({ error: 'must be a number of seconds from 60 to 86400' })
  .min(60, { error: 'must be a number of seconds from 60 to 86400' })
  .max(86_400, { error: 'must be a number of seconds from 60 to 86400' });

// Clients renew access tokens by themselves. This is how long an ended session is accepted while the user service is
// down.
const ACCESS_TOKEN_SECONDS = 900;

/** The gateway's settings, read from the environment. */
export const gatewaySettings = {
  PORT: port(3000),
  METRICS_PORT: port(9464),
  HOST: z.string().default('127.0.0.1'),
  GATEWAY_DATABASE_URL: postgresUrl,
  SERVICE_TOKEN: secret,
  USER_URL: urlsOf('user'),
  PRODUCT_URL: urlsOf('product'),
  INVENTORY_URL: urlsOf('inventory'),
  ORDER_URL: urlsOf('order'),
  PAYMENT_URL: urlsOf('payment'),
  SHIPPING_URL: urlsOf('shipping'),
  CART_URL: urlsOf('cart'),
  NOTIFICATION_URL: urlsOf('notification'),
  WEBHOOK_URL: urlsOf('webhook'),
  RECOMMENDATION_URL: urlsOf('recommendation'),
  JWT_PRIVATE_KEY: signingKey,
  /** Keys whose tokens are accepted besides those of JWT_PRIVATE_KEY. */
  JWT_PUBLIC_KEYS: publicKeys,
  JWT_ISSUER: z.string().min(1).default('order-platform'),
  JWT_AUDIENCE: z.string().min(1).default('order-platform'),
  ...oidcSettings,
  ACCESS_TOKEN_SECONDS: tokenSeconds.default(ACCESS_TOKEN_SECONDS),
  /** A guest's token cannot be renewed, and the cart is lost with it. */
  GUEST_TOKEN_SECONDS: tokenSeconds.default(86_400),
  /** What the role `support` may refund of one order in total, in the major unit of its currency; 0: nothing. */
  SUPPORT_REFUND_LIMIT: z.coerce
    .number({ error: 'must be an amount of at least 0' })
    .min(0, { error: 'must be an amount of at least 0' })
    .max(1_000_000_000, { error: 'must be an amount of at most 1000000000' })
    .default(200),
  /** A new order is accepted only if it will be decided within this time. No caller waits for half a minute or more. */
  ORDER_BACKLOG_SECONDS: z.coerce
    .number({ error: 'must be a number of seconds from 1 to 600' })
    .min(1, { error: 'must be a number of seconds from 1 to 600' })
    .max(600, { error: 'must be a number of seconds from 1 to 600' })
    .default(10),
  CARRIER_CALLBACK_SECRET: secret,
  RATE_LIMIT_PER_MINUTE: requestsPerMinute.default(100),
  /** Unset: a fifth of RATE_LIMIT_PER_MINUTE. */
  SIGN_IN_RATE_LIMIT_PER_MINUTE: requestsPerMinute.optional(),
  TRUSTED_PROXIES: proxies,
  CORS_ORIGINS: z.string().default('').transform(listed),
};
