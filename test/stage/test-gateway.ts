import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { type Kysely, sql } from 'kysely';
import { Registry } from 'prom-client';
import winston from 'winston';
import { Admission } from '../../gateway/orders/admission.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { createGateway, routesOf } from '../../gateway/app.ts';
import { type CatalogueCache, createCatalogueCache } from '../../gateway/catalogue/cache.ts';
import { parseProxies } from '../../gateway/rate-limits/client-address.ts';
import type { GatewayDatabase } from '../../gateway/database.ts';
import { EndedSessions } from '../../gateway/auth/ended-sessions.ts';
import { type ExternalIssuer, ExternalTokens } from '../../gateway/auth/external-issuer.ts';
import { OrderStreams } from '../../gateway/orders/streams.ts';
import { type Tokens, SigningKey, createTokens } from '../../gateway/auth/tokens.ts';
import { connect } from '../../platform/database/connection.ts';
import type { Connection } from '../../platform/http/connection.ts';
import type { AnyRoute, Caller } from '../../platform/http/route.ts';
import { type Listening, type Timeouts, listen } from '../../platform/http/server.ts';
import { type Metrics, createMetrics } from '../../platform/telemetry/metrics.ts';
import { freshDatabase } from './fresh-database.ts';
import { productOf } from './gateway-builders.ts';
import { type FakeServices, createFakeServices } from './fake-services.ts';
import { type FakeTemporal, createFakeTemporal } from './fake-temporal.ts';

export const CARRIER_SECRET = 'a secret that only the carrier and the gateway share';

/** A new Ed25519 key with this id. */
export const newKey = (kid: string): SigningKey =>
  SigningKey.parse({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid });

/** The fields of all response bodies; each response has some of them. */
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
  quantity: number;
  refreshToken: string;
  current: boolean;
  keys: Record<string, string>[];
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed JSON; empty for other types. */
  body: Body;
  text: string;
}

export interface Request {
  as?: Caller;
  /** Sent as JSON. */
  body?: unknown;
  /** A raw body, sent unchanged. */
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
  /** Executes a statement that the gateway's own role may not execute. */
  owner(statement: string): Promise<void>;
  metrics: Metrics;
  admission: Admission;
  tokens: Tokens;
  ended: EndedSessions;
  external: ExternalTokens | undefined;
  signingKey: SigningKey;
  streams: OrderStreams;
  customer: Caller;
  other: Caller;
  admin: Caller;
  /** `call('POST /v1/orders', …)` */
  call(what: string, request?: Request): Promise<Answer>;
  /** Every route of the gateway. */
  routes(): AnyRoute[];
  /** Another replica of the gateway on the same database. */
  replica(): Promise<Listening>;
  close(): Promise<void>;
}

const ISSUER = 'order-platform';

/** The whole gateway at its own port, with a real database, fake services and a fake Temporal client. */
export async function startHarness({
  corsOrigins = [] as string[],
  rates = { perMinute: 1_000_000, signInPerMinute: 1_000_000 },
  proxies = [] as string[],
  now = Date.now,
  connections = [] as Connection[],
  temporalClient = undefined as Client | undefined,
  external = undefined as ExternalIssuer | undefined,
  products = undefined as ProductRequests | undefined,
  catalogue = undefined as CatalogueCache | undefined,
  timeouts = undefined as Timeouts | undefined,
} = {}): Promise<Harness> {
  const database = await freshDatabase<GatewayDatabase>('gateway');
  const { db, ownerUrl } = database;
  const [services, temporal, metrics] = [createFakeServices(), createFakeTemporal(), createMetrics('gateway')];
  if (products) services.products = products;
  services.store.products.set('tea', productOf({}));
  const signingKey = newKey('key-1');
  const tokens = await createTokens({ key: signingKey, issuer: ISSUER, audience: ISSUER, lifetimeSeconds: 900 });
  const logger = winston.createLogger({ silent: true });
  const admission = new Admission({ orders: services.orders, boundSeconds: 10, registry: metrics.registry, now });
  const ended = new EndedSessions(tokens);
  const externalTokens = external && new ExternalTokens(external, logger);
  const streams = new OrderStreams({ orders: services.orders, logger, registry: metrics.registry });
  const dependencies = {
    services,
    subscribers: services.subscribers,
    streams,
    // Follows no changes, so it caches nothing.
    catalogue: catalogue ?? createCatalogueCache(services.products, new Registry()),
    connections,
    temporal: temporalClient ?? temporal.client,
    admission,
    db,
    tokens,
    ended,
    external: externalTokens,
    carrierSecret: CARRIER_SECRET,
    corsOrigins,
    rates,
    trustedProxies: parseProxies(proxies),
  };
  const replica = (ownMetrics = createMetrics('replica')) =>
    listen(createGateway({ ...dependencies, logger, metrics: ownMetrics }), {
      port: 0,
      setting: 'PORT',
      ...(timeouts && { timeouts }),
    });
  const listening = await replica(metrics);
  const caller = (role: Caller['role']): Caller => ({ id: randomUUID(), role });
  return {
    url: listening.url,
    services,
    streams,
    temporal,
    db,
    ownerUrl,
    async owner(statement) {
      const owner = connect<unknown>(ownerUrl, 1);
      await sql.raw(statement).execute(owner);
      await owner.destroy();
    },
    metrics,
    admission,
    tokens,
    ended,
    external: externalTokens,
    signingKey,
    customer: caller('customer'),
    other: caller('customer'),
    admin: caller('admin'),
    call: (what, request) => call(listening.url, tokens, what, request),
    routes: () => routesOf({ ...dependencies, logger, metrics: createMetrics('routes') }),
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
