import path from 'node:path';
import { GATEWAY_MEMORY, GATEWAY_PROGRAM } from '../gateway/program.ts';
import { type DatabaseName, type ServiceName, SERVICES } from '../services/registry.ts';
import type { Addresses } from './data-folder.ts';
import type { ProcessPlan } from './node-process.ts';
import { withDatabase } from '../platform/database/provision.ts';
import type { Secrets } from './secrets.ts';
import type { StartSettings } from './settings.ts';

/** `PAYMENT_PORT` and so on, and the ports that callers may choose. */
export type PortSetting = `${Uppercase<ServiceName>}_PORT`;
export type Ports = Record<PortSetting | 'PORT' | 'METRICS_PORT' | 'PROCESSOR_PORT' | 'CARRIER_PORT', number>;

/** What all processes are given the settings from. */
export interface Surroundings {
  settings: StartSettings;
  secrets: Secrets;
  ports: Ports;
  /** Absolute. */
  dataFolder: string;
  temporalAddress: string;
  databaseUrls: Readonly<Record<DatabaseName, string>>;
  environment: NodeJS.ProcessEnv;
}

export const portSetting = (service: ServiceName): PortSetting =>
  `${service.toUpperCase() as Uppercase<ServiceName>}_PORT`;

const local = (port: number) => `http://127.0.0.1:${port}`;

export const addressesOf = (ports: Ports): Addresses => ({
  api: local(ports.PORT),
  doors: Object.fromEntries(SERVICES.map((service) => [service, local(ports[portSetting(service)])])),
  processor: local(ports.PROCESSOR_PORT),
  carrier: local(ports.CARRIER_PORT),
});

/**
 * Where each service keeps its data and as whom, on the server that `superuserUrl` leads to. Prefixed, because
 * roles and databases called `user` or `order` may already be somebody's there.
 */
export function databaseUrl(superuserUrl: string, name: DatabaseName, password: string): string {
  const url = new URL(withDatabase(superuserUrl, `order_platform_${name}`));
  url.username = `order_platform_${name}`;
  url.password = password;
  return url.href;
}

/** The card processor and the carrier, in one process: the outside world needs nothing of ours but to be called. */
export function sandboxPlan({
  settings,
  secrets,
  ports,
  dataFolder,
  environment,
}: Omit<Surroundings, 'temporalAddress' | 'databaseUrls'>): ProcessPlan {
  return {
    name: 'sandbox',
    program: ['sandbox/main.ts', 'processor', 'carrier'],
    environment: {
      ...inherited(environment, settings),
      OTEL_SERVICE_NAME: 'sandbox',
      HOST: '127.0.0.1',
      SANDBOX_DATA: `${dataFolder}/sandbox`,
      PROCESSOR_PORT: String(ports.PROCESSOR_PORT),
      CARRIER_PORT: String(ports.CARRIER_PORT),
      CARRIER_PACE_SECONDS: String(settings.CARRIER_PACE_SECONDS),
      CARRIER_CALLBACK_URL: `${local(ports.PORT)}/v1/callbacks/carrier`,
      CARRIER_CALLBACK_SECRET: secrets.carrierCallbackSecret,
    },
    ready: [`${local(ports.PROCESSOR_PORT)}/readyz`, `${local(ports.CARRIER_PORT)}/readyz`],
  };
}

/** All services in one process, which saves memory and time at start, or each in one of its own. */
export function servicePlans(surroundings: Surroundings, separate: boolean): ProcessPlan[] {
  return separate
    ? SERVICES.map((service) => servicePlan(service, [service], surroundings))
    : [servicePlan('services', SERVICES, surroundings)];
}

function servicePlan(name: string, services: readonly ServiceName[], surroundings: Surroundings): ProcessPlan {
  const { ports, databaseUrls } = surroundings;
  return {
    name,
    program: ['services/main.ts', ...services],
    environment: {
      ...shared(surroundings),
      OTEL_SERVICE_NAME: name,
      ...Object.fromEntries(services.map((service) => [portSetting(service), String(ports[portSetting(service)])])),
      // Its own database and nobody else's.
      ...Object.fromEntries(
        services.map((service) => [`${service.toUpperCase()}_DATABASE_URL`, databaseUrls[service]]),
      ),
      ...Object.assign({}, ...services.map((service) => ownSettings(service, surroundings))),
    },
    ready: services.map((service) => `${local(ports[portSetting(service)])}/readyz`),
  };
}

/** What one service needs beside what all do. */
function ownSettings(
  service: ServiceName,
  { settings, secrets, ports, environment }: Surroundings,
): Record<string, string> {
  switch (service) {
    case 'user':
      return { ADMIN_EMAIL: settings.ADMIN_EMAIL, ADMIN_PASSWORD: adminPassword(settings, secrets) };
    case 'cart':
      return {
        CACHE_DIR: path.resolve(settings.CACHE_DIR),
        CART_REMINDER_HOURS: environment.CART_REMINDER_HOURS ?? '',
      };
    case 'order':
      return { CACHE_DIR: path.resolve(settings.CACHE_DIR), ORDER_LANE: settings.ORDER_LANE };
    case 'payment':
      return { PROCESSOR_URL: local(ports.PROCESSOR_PORT) };
    case 'shipping':
      return { CARRIER_URL: local(ports.CARRIER_PORT) };
    case 'webhook':
      return {
        CACHE_DIR: path.resolve(settings.CACHE_DIR),
        WEBHOOK_SECRET_KEY: secrets.webhookSecretKey,
        WEBHOOK_ALLOW_PRIVATE: environment.WEBHOOK_ALLOW_PRIVATE ?? '',
      };
    case 'notification':
      return { SMTP_URL: environment.SMTP_URL ?? '', MAIL_FROM: environment.MAIL_FROM ?? '' };
    default:
      return {};
  }
}

export function gatewayPlan(surroundings: Surroundings): ProcessPlan {
  const { settings, secrets, ports, databaseUrls, environment } = surroundings;
  return {
    name: 'gateway',
    program: GATEWAY_PROGRAM,
    environment: {
      ...shared(surroundings),
      OTEL_SERVICE_NAME: 'gateway',
      ...GATEWAY_MEMORY,
      PORT: String(ports.PORT),
      METRICS_PORT: String(ports.METRICS_PORT),
      GATEWAY_DATABASE_URL: databaseUrls.gateway,
      JWT_PRIVATE_KEY: secrets.jwtPrivateKey,
      CARRIER_CALLBACK_SECRET: secrets.carrierCallbackSecret,
      RATE_LIMIT_PER_MINUTE: String(settings.RATE_LIMIT_PER_MINUTE),
      TRUSTED_PROXIES: environment.TRUSTED_PROXIES ?? '',
    },
    ready: [`${local(ports.PORT)}/readyz`],
  };
}

export const adminPassword = (settings: StartSettings, secrets: Secrets): string =>
  settings.ADMIN_PASSWORD ?? secrets.adminPassword;

/** What every process that talks to others is told: where they are, and what opens their doors. */
const shared = ({ settings, secrets, ports, temporalAddress, environment }: Surroundings): NodeJS.ProcessEnv => ({
  ...inherited(environment, settings),
  HOST: '127.0.0.1',
  SERVICE_TOKEN: secrets.serviceToken,
  TEMPORAL_ADDRESS: temporalAddress,
  TEMPORAL_NAMESPACE: settings.TEMPORAL_NAMESPACE,
  ...Object.fromEntries(
    SERVICES.map((service) => [`${service.toUpperCase()}_URL`, local(ports[portSetting(service)])]),
  ),
});

const ONE_PROCESS_ALONE = new Set(['ADMIN_PASSWORD', 'SMTP_URL', 'WEBHOOK_SECRET_KEY']);

/** The machine's own settings (PATH, proxies, OTEL_*, STRIPE_*), without those that one process alone may know. */
const inherited = (environment: NodeJS.ProcessEnv, settings: StartSettings): NodeJS.ProcessEnv => ({
  // What Node compiled at one start it finds at the next: 1.4 instead of 2.4 s of CPU for the gateway.
  NODE_COMPILE_CACHE: path.resolve(settings.CACHE_DIR, 'compiled'),
  ...Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.endsWith('DATABASE_URL') && !ONE_PROCESS_ALONE.has(name)),
  ),
  LOG_LEVEL: settings.LOG_LEVEL,
});
