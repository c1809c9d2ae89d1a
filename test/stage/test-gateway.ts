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
import type { Logger } from '../../platform/telemetry/logger.ts';
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
  sold: boolean;
  available: number | null;
  accessToken: string;
  expiresIn: number;
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
  guest: Caller;
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

/** How the gateway of a test differs from the usual one. */
export interface HarnessOptions {
  corsOrigins?: string[];
  rates?: { perMinute: number; signInPerMinute: number };
  proxies?: string[];
  now?: () => number;
  connections?: Connection[];
  temporalClient?: Client;
  external?: ExternalIssuer;
  products?: ProductRequests;
  catalogue?: CatalogueCache;
  timeouts?: Timeouts;
  logger?: Logger;
}

/** The whole gateway at its own port, with a real database, fake services and a fake Temporal client. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const database = await freshDatabase<GatewayDatabase>('gateway');
  const { db, ownerUrl } = database;
  const [services, temporal, metrics] = [createFakeServices(), createFakeTemporal(), createMetrics('gateway')];
  if (options.products) services.products = options.products;
  services.store.products.set('tea', productOf({}));
  const signingKey = newKey('key-1');
  const tokens = await createTokens({
    key: signingKey,
    issuer: ISSUER,
    audience: ISSUER,
    lifetimeSeconds: 900,
    guestLifetimeSeconds: 3600,
  });
  const dependencies = createDependencies({ db, services, temporal, tokens, registry: metrics.registry }, options);
  const { admission, ended, external, streams } = dependencies;
  const { timeouts } = options;
  const replica = (ownMetrics = createMetrics('replica')) =>
    listen(createGateway({ ...dependencies, metrics: ownMetrics }), {
      port: 0,
      setting: 'PORT',
      ...(timeouts && { timeouts }),
    });
  const listening = await replica(metrics);
  return {
    url: listening.url,
    services,
    temporal,
    db,
    ownerUrl,
    metrics,
    admission,
    tokens,
    ended,
    external,
    signingKey,
    streams,
    owner: (statement) => executeAs(ownerUrl, statement),
    customer: newCaller('customer'),
    other: newCaller('customer'),
    guest: newCaller('guest'),
    admin: newCaller('admin'),
    call: (what, request) => call(listening.url, tokens, what, request),
    routes: () => routesOf({ ...dependencies, metrics: createMetrics('routes') }),
    replica: () => replica(),
    async close() {
      await listening.close();
      await database.drop();
    },
  };
}

interface Stage {
  db: Kysely<GatewayDatabase>;
  services: FakeServices;
  temporal: FakeTemporal;
  tokens: Tokens;
  registry: Registry;
}

function createDependencies({ db, services, temporal, tokens, registry }: Stage, options: HarnessOptions) {
  const { logger = winston.createLogger({ silent: true }) } = options;
  return {
    db,
    services,
    tokens,
    logger,
    subscribers: services.subscribers,
    streams: new OrderStreams({ orders: services.orders, logger, registry }),
    // Follows no changes, so it caches nothing.
    catalogue: options.catalogue ?? createCatalogueCache(services.products, new Registry()),
    connections: options.connections ?? [],
    temporal: options.temporalClient ?? temporal.client,
    admission: new Admission({ orders: services.orders, boundSeconds: 10, registry, now: options.now ?? Date.now }),
    ended: new EndedSessions(tokens),
    external: options.external && new ExternalTokens(options.external, logger),
    carrierSecret: CARRIER_SECRET,
    corsOrigins: options.corsOrigins ?? [],
    rates: options.rates ?? { perMinute: 1_000_000, signInPerMinute: 1_000_000 },
    trustedProxies: parseProxies(options.proxies ?? []),
    supportRefundLimit: 2,
  };
}

const newCaller = (role: Caller['role']): Caller => ({ id: randomUUID(), role });

async function executeAs(url: string, statement: string): Promise<void> {
  const connection = connect<unknown>(url, 1);
  await sql.raw(statement).execute(connection);
  await connection.destroy();
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
