import { setInterval } from 'node:timers';
import { readConfig } from '../platform/config.ts';
import { connect, ping } from '../platform/database.ts';
import { createApp } from '../platform/http/app.ts';
import { healthRoutes } from '../platform/http/door.ts';
import { listen } from '../platform/http/server.ts';
import { createLogger } from '../platform/logger.ts';
import { createMetrics } from '../platform/metrics.ts';
import type { Running } from '../platform/process.ts';
import { createTemporalClient } from '../platform/temporal.ts';
import { createGateway } from './app.ts';
import type { GatewayDatabase } from './database.ts';
import { createIdempotencyRecords } from './idempotency-records.ts';
import { createServices } from './services.ts';
import { gatewaySettings } from './settings.ts';
import { createTokens } from './tokens.ts';

// What is to be forgotten has been kept for twice as long as promised: there is no hurry.
const PURGE_EVERY_MS = 60 * 60 * 1000;

export interface RunningGateway extends Running {
  url: string;
  metricsUrl: string;
}

/** Runs the gateway at its port, and its figures at one of their own that need not face the world. */
export async function startGateway(environment: NodeJS.ProcessEnv): Promise<RunningGateway> {
  const config = readConfig(gatewaySettings, environment);
  const tokens = await createTokens({
    key: config.JWT_PRIVATE_KEY,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  });
  const logger = createLogger('gateway', environment.LOG_LEVEL);
  const metrics = createMetrics('gateway');
  const db = connect<GatewayDatabase>(config.GATEWAY_DATABASE_URL);
  const temporal = createTemporalClient({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE });
  const app = createGateway({
    services: createServices(serviceUrls(config), config.SERVICE_TOKEN),
    temporal,
    db,
    tokens,
    carrierSecret: config.CARRIER_CALLBACK_SECRET,
    corsOrigins: config.CORS_ORIGINS,
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
  logger.info('listening', { url: open.url });
  return {
    url: open.url,
    metricsUrl: openFigures.url,
    async close() {
      clearInterval(purge);
      await Promise.all([open.close(), openFigures.close()]);
      await temporal.connection.close();
      await db.destroy();
    },
  };
}

type GatewayConfig = ReturnType<typeof readConfig<typeof gatewaySettings>>;

const serviceUrls = (config: GatewayConfig) => ({
  users: config.USER_URL,
  products: config.PRODUCT_URL,
  inventory: config.INVENTORY_URL,
  orders: config.ORDER_URL,
  shipping: config.SHIPPING_URL,
});
