import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import winston from 'winston';
import { createGateway } from '../../gateway/app.ts';
import type { GatewayDatabase } from '../../gateway/database.ts';
import { type Tokens, SigningKey, createTokens } from '../../gateway/tokens.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type Listening, listen } from '../../platform/http/server.ts';
import { type Metrics, createMetrics } from '../../platform/metrics.ts';
import { freshDatabase } from '../support/database.ts';
import { productOf } from './builders.ts';
import { type FakeServices, createFakeServices } from './fake-services.ts';
import { type FakeTemporal, createFakeTemporal } from './fake-temporal.ts';

export const CARRIER_SECRET = 'a secret that the carrier and we share, and nobody else';

/** A new Ed25519 key of this name. */
export const newKey = (kid: string): SigningKey =>
  SigningKey.parse({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid });

/** What tests read of answers: a bag of every field, of which an answer has some. */
export interface Body {
  id: string;
  status: unknown;
  code: string;
  detail: string;
  instance: string;
  requestId: string;
  errors: { pointer: string; detail: string }[];
  items: Body[];
  next: string | null;
  lines: unknown[];
  total: unknown;
  allowedActions: string[];
  rejection: unknown;
  sku: string;
  name: string;
  available: number | null;
  accessToken: string;
  keys: Record<string, string>[];
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON. */
  body: Body;
  text: string;
}

export interface Request {
  as?: Caller;
  /** Sent as JSON. */
  body?: unknown;
  /** A body as it is, whatever it is. */
  raw?: string | Uint8Array<ArrayBuffer>;
  /** The Idempotency-Key. */
  key?: string;
  headers?: Record<string, string>;
}

export interface Harness {
  url: string;
  services: FakeServices;
  temporal: FakeTemporal;
  db: Kysely<GatewayDatabase>;
  ownerUrl: string;
  metrics: Metrics;
  tokens: Tokens;
  signingKey: SigningKey;
  customer: Caller;
  other: Caller;
  admin: Caller;
  /** `call('POST /v1/orders', …)` */
  call(what: string, request?: Request): Promise<Answer>;
  /** Another replica of the gateway on the same database. */
  replica(): Promise<Listening>;
  close(): Promise<void>;
}

const ISSUER = 'order-platform';

/** The whole gateway at a port of its own, over a real database, fake services and a fake Temporal client. */
export async function startHarness({ corsOrigins = [] as string[] } = {}): Promise<Harness> {
  const database = await freshDatabase<GatewayDatabase>('gateway');
  const { db, ownerUrl } = database;
  const [services, temporal, metrics] = [createFakeServices(), createFakeTemporal(), createMetrics('gateway')];
  services.store.products.set('tea', productOf({}));
  const signingKey = newKey('key-1');
  const tokens = await createTokens({ key: signingKey, issuer: ISSUER, audience: ISSUER, lifetimeSeconds: 900 });
  const logger = winston.createLogger({ silent: true });
  const dependencies = { services, temporal: temporal.client, db, tokens, carrierSecret: CARRIER_SECRET, corsOrigins };
  const replica = (ownMetrics = createMetrics('replica')) =>
    listen(createGateway({ ...dependencies, logger, metrics: ownMetrics }), { port: 0, setting: 'PORT' });
  const listening = await replica(metrics);
  const caller = (role: Caller['role']): Caller => ({ id: randomUUID(), role });
  return {
    url: listening.url,
    services,
    temporal,
    db,
    ownerUrl,
    metrics,
    tokens,
    signingKey,
    customer: caller('customer'),
    other: caller('customer'),
    admin: caller('admin'),
    call: (what, request) => call(listening.url, tokens, what, request),
    replica: () => replica(),
    async close() {
      await listening.close();
      await database.drop();
    },
  };
}

export async function call(url: string, tokens: Tokens, what: string, request: Request = {}): Promise<Answer> {
  const [method, path] = what.split(' ') as [string, string];
  const { as, body, raw, key, headers } = request;
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(as && { authorization: `Bearer ${(await tokens.issue(as)).accessToken}` }),
      ...(content !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    ...(content !== undefined && { body: content }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : {}) as Body,
    text,
  };
}
