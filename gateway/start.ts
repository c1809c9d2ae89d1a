import { setInterval } from 'node:timers';
import { readConfig } from '../platform/config.ts';
import { connect, ping } from '../platform/database/connection.ts';
import { feedRequests } from '../platform/contract/event.ts';
import { createClient } from '../platform/http/client.ts';
import { createApp } from '../platform/http/app.ts';
import { healthRoutes } from '../platform/http/service-api.ts';
import { listen } from '../platform/http/server.ts';
import { createLogger } from '../platform/telemetry/logger.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import type { Running } from '../platform/process.ts';
import { createTemporalClient } from '../platform/temporal/client.ts';
import { Admission } from './orders/admission.ts';
import { createGateway } from './app.ts';
import { createCatalogueCache } from './catalogue/cache.ts';
import { followCatalogue } from './catalogue/follow-changes.ts';
import type { GatewayDatabase } from './database.ts';
import { EndedSessions } from './auth/ended-sessions.ts';
import { ExternalTokens } from './auth/external-issuer.ts';
import { createIdempotencyRecords } from './idempotency/records.ts';
import { externalIssuer } from './auth/oidc-settings.ts';
import { WINDOW_SECONDS, purgeRateLimits } from './rate-limits/limits.ts';
import { OrderStreams } from './orders/streams.ts';
import { connectServices, createServices, createSubscribers } from './service-clients.ts';
import { gatewaySettings } from './settings.ts';
import { createTokens } from './auth/tokens.ts';

// What is to be forgotten has been kept for twice as long as promised: there is no hurry.
const PURGE_EVERY_MS = 60 * 60 * 1000;
// A look costs the order service a millisecond; what happens in between is counted here.
const LOOK_EVERY_MS = 1_000;

// How long a key that an external issuer has withdrawn is believed at most.
const KEYS_EVERY_MS = 5 * 60 * 1000;

export interface RunningGateway extends Running {
  url: string;
  metricsUrl: string;
}

/** Runs the gateway at its port, and its figures at one of their own that need not face the world. */
export async function startGateway(environment: NodeJS.ProcessEnv): Promise<RunningGateway> {
  const config = readConfig(gatewaySettings, environment);
  const tokens = await createTokens({
    key: config.JWT_PRIVATE_KEY,
    publicKeys: config.JWT_PUBLIC_KEYS,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  });
  const logger = createLogger('gateway', environment.LOG_LEVEL);
  const metrics = createMetrics('gateway');
  const elsewhere = externalIssuer(config);
  const external = elsewhere && new ExternalTokens(elsewhere, logger);
  const db = connect<GatewayDatabase>(config.GATEWAY_DATABASE_URL);
  const temporal = createTemporalClient({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE });
  const connections = connectServices(serviceUrls(config), config.SERVICE_TOKEN);
  const services = createServices(connections);
  const catalogue = createCatalogueCache(services.products, metrics.registry);
  const admission = new Admission({
    orders: services.orders,
    boundSeconds: config.ORDER_BACKLOG_SECONDS,
    registry: metrics.registry,
  });
  const ended = new EndedSessions(tokens);
  const streams = new OrderStreams({ orders: services.orders, logger, registry: metrics.registry });
  const app = createGateway({
    services,
    catalogue,
    subscribers: createSubscribers(connections),
    streams,
    connections: Object.values(connections),
    admission,
    ended,
    external,
    temporal,
    db,
    tokens,
    carrierSecret: config.CARRIER_CALLBACK_SECRET,
    corsOrigins: config.CORS_ORIGINS,
    rates: quotasOf(config),
    trustedProxies: config.TRUSTED_PROXIES,
    logger,
    metrics,
  });
  const figures = createApp({
    routes: healthRoutes({ ready: () => ping(db), metrics, logger }),
    logger,
    metrics,
    bodyLimit: 0,
  });

  const { HOST: host } = config;
  const open = await listen(app, { port: config.PORT, host, setting: 'PORT' });
  const openFigures = await listen(figures, { port: config.METRICS_PORT, host, setting: 'METRICS_PORT' }).catch(
    async (error: unknown) => {
      await open.close();
      throw error;
    },
  );
  const records = createIdempotencyRecords(db);
  const purge = setInterval(() => {
    records.purge().catch((error: unknown) => logger.warn('idempotency records not purged', { error }));
  }, PURGE_EVERY_MS);
  const look = setInterval(() => {
    admission.look().catch((error: unknown) => logger.debug('backlog not seen', { error }));
  }, LOOK_EVERY_MS);
  const refreshKeys = setInterval(() => void external?.refreshKeys(), KEYS_EVERY_MS);
  const stopLooking = ended.keepLooking(services.users, logger);
  const purgeLimits = setInterval(() => {
    purgeRateLimits(db).catch((error: unknown) => logger.warn('rate limits not purged', { error }));
  }, WINDOW_SECONDS * 1000);
  const stopFollowing = followCatalogue(createClient(connections.products, 'events', feedRequests), catalogue, logger);
  logger.info('listening', { url: open.url });
  return {
    url: open.url,
    metricsUrl: openFigures.url,
    async close() {
      clearInterval(purge);
      clearInterval(look);
      clearInterval(purgeLimits);
      clearInterval(refreshKeys);
      stopFollowing();
      streams.close();
      await Promise.all([open.close(), openFigures.close()]);
      await stopLooking();
      await temporal.connection.close();
      await db.destroy();
    },
  };
}

type GatewayConfig = ReturnType<typeof readConfig<typeof gatewaySettings>>;

/** Guessing passwords and making accounts need few requests of an address; a fifth leaves a family or an office room. */
const quotasOf = ({ RATE_LIMIT_PER_MINUTE: perMinute, SIGN_IN_RATE_LIMIT_PER_MINUTE: signIn }: GatewayConfig) => ({
  perMinute,
  signInPerMinute: signIn ?? Math.max(1, Math.floor(perMinute / 5)),
});

const serviceUrls = (config: GatewayConfig) => ({
  users: config.USER_URL,
  products: config.PRODUCT_URL,
  inventory: config.INVENTORY_URL,
  orders: config.ORDER_URL,
  shipping: config.SHIPPING_URL,
  carts: config.CART_URL,
  notifications: config.NOTIFICATION_URL,
  webhooks: config.WEBHOOK_URL,
  recommendations: config.RECOMMENDATION_URL,
});
