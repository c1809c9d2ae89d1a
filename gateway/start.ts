import { readConfig } from '../platform/config.ts';
import { withContext } from '../platform/context.ts';
import { feedRequests } from '../platform/contract/event.ts';
import { openDatabase } from '../platform/database/check.ts';
import { ping } from '../platform/database/connection.ts';
import { createApp } from '../platform/http/app.ts';
import { createClient } from '../platform/http/client.ts';
import { listen } from '../platform/http/server.ts';
import { healthRoutes } from '../platform/http/service-api.ts';
import type { Running } from '../platform/process.ts';
import { type Logger, createLogger } from '../platform/telemetry/logger.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { checkTemporal } from '../platform/temporal/check.ts';
import { createTemporalClient } from '../platform/temporal/client.ts';
import { type TemporalPlace, readTemporalPlace } from '../platform/temporal/place.ts';
import { type GatewayDependencies, createGateway } from './app.ts';
import { EndedSessions } from './auth/ended-sessions.ts';
import { ExternalTokens } from './auth/external-issuer.ts';
import { externalIssuer } from './auth/oidc-settings.ts';
import { createTokens } from './auth/tokens.ts';
import { startBackground } from './background.ts';
import { createCatalogueCache } from './catalogue/cache.ts';
import type { GatewayDatabase } from './database.ts';
import { Admission } from './orders/admission.ts';
import { OrderStreams } from './orders/streams.ts';
import { gatewaySettings } from './settings.ts';
import {
  type Connections,
  connectServices,
  createServiceClients,
  createSubscribers,
} from './upstream/service-clients.ts';

export interface RunningGateway extends Running {
  url: string;
  metricsUrl: string;
}

type GatewayConfig = ReturnType<typeof readConfig<typeof gatewaySettings>>;

/** Serves the API at one port, and health and metrics at another that need not be reachable from outside. */
export const startGateway = (environment: NodeJS.ProcessEnv): Promise<RunningGateway> =>
  withContext({ service: 'gateway' }, () => start(environment));

async function start(environment: NodeJS.ProcessEnv): Promise<RunningGateway> {
  const config = readConfig(gatewaySettings, environment);
  const logger = createLogger('gateway', environment.LOG_LEVEL);
  const connections = connectServices(serviceUrls(config), config.SERVICE_TOKEN);
  const place = readTemporalPlace(environment);
  await checkTemporal(place);
  const dependencies = await createDependencies({ config, place, connections, logger });
  const { services, streams, temporal, db } = dependencies;
  const { server, metricsServer } = await listenAtPorts(config, dependencies);
  const background = startBackground({
    ...dependencies,
    connections,
    users: services.users,
    productFeed: createClient(connections.products, 'events', feedRequests),
  });
  logger.info('listening', { url: server.url });
  return {
    url: server.url,
    metricsUrl: metricsServer.url,
    async close() {
      streams.close();
      await Promise.all([server.close(), metricsServer.close(), background.close()]);
      await temporal.connection.close();
      await db.destroy();
    },
  };
}

interface Start {
  config: GatewayConfig;
  place: TemporalPlace;
  connections: Connections;
  logger: Logger;
}

async function createDependencies({ config, place, connections, logger }: Start) {
  const tokens = await createTokens({
    key: config.JWT_PRIVATE_KEY,
    publicKeys: config.JWT_PUBLIC_KEYS,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
    guestLifetimeSeconds: config.GUEST_TOKEN_SECONDS,
  });
  const issuer = externalIssuer(config);
  const db = await openDatabase<GatewayDatabase>(config.GATEWAY_DATABASE_URL, {
    setting: 'GATEWAY_DATABASE_URL',
    logger,
  });
  const metrics = createMetrics('gateway');
  const { registry } = metrics;
  const services = createServiceClients(connections);
  const { orders, products } = services;
  return {
    services,
    catalogue: createCatalogueCache(products, registry),
    subscribers: createSubscribers(connections),
    streams: new OrderStreams({ orders, logger, registry }),
    connections: Object.values(connections),
    admission: new Admission({ orders, boundSeconds: config.ORDER_BACKLOG_SECONDS, registry }),
    ended: new EndedSessions(tokens),
    external: issuer && new ExternalTokens(issuer, logger),
    temporal: createTemporalClient(place),
    db,
    tokens,
    carrierSecret: config.CARRIER_CALLBACK_SECRET,
    corsOrigins: config.CORS_ORIGINS,
    rates: quotasOf(config),
    trustedProxies: config.TRUSTED_PROXIES,
    supportRefundLimit: config.SUPPORT_REFUND_LIMIT,
    logger,
    metrics,
  } satisfies GatewayDependencies;
}

async function listenAtPorts({ HOST: host, PORT, METRICS_PORT }: GatewayConfig, dependencies: GatewayDependencies) {
  const { db, metrics, logger } = dependencies;
  const metricsApp = createApp({
    routes: healthRoutes({ ready: () => ping(db), metrics, logger }),
    logger,
    metrics,
    bodyLimit: 0,
  });
  const server = await listen(createGateway(dependencies), { port: PORT, host, setting: 'PORT' });
  try {
    const metricsServer = await listen(metricsApp, { port: METRICS_PORT, host, setting: 'METRICS_PORT' });
    return { server, metricsServer };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** A fifth for signing in: enough for a family or an office at one address, and too few to guess passwords. */
const quotasOf = ({ RATE_LIMIT_PER_MINUTE: perMinute, SIGN_IN_RATE_LIMIT_PER_MINUTE: signIn }: GatewayConfig) => ({
  perMinute,
  signInPerMinute: signIn ?? Math.max(1, Math.floor(perMinute / 5)),
});

const serviceUrls = (config: GatewayConfig) => ({
  users: config.USER_URL,
  products: config.PRODUCT_URL,
  inventory: config.INVENTORY_URL,
  orders: config.ORDER_URL,
  payments: config.PAYMENT_URL,
  shipping: config.SHIPPING_URL,
  carts: config.CART_URL,
  notifications: config.NOTIFICATION_URL,
  webhooks: config.WEBHOOK_URL,
  recommendations: config.RECOMMENDATION_URL,
});
