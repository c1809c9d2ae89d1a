import path from 'node:path';
import { GATEWAY_MEMORY, GATEWAY_PROGRAM } from '../gateway/program.ts';
import { type DatabaseName, type ServiceName, SERVICES } from '../services/registry.ts';
import type { Addresses } from './data-folder.ts';
import type { ProcessPlan } from './node-process.ts';
import { withDatabase } from '../platform/database/provision.ts';
import type { Secrets } from './secrets.ts';
import type { StartSettings } from './settings.ts';

/** `PAYMENT_PORT` and so on. */
export type PortSetting = `${Uppercase<ServiceName>}_PORT`;
export type Ports = Record<PortSetting | 'PORT' | 'METRICS_PORT' | 'PROCESSOR_PORT' | 'CARRIER_PORT', number>;

/** The values that the settings of all processes are derived from. */
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

const localUrl = (port: number) => `http://127.0.0.1:${port}`;

export const addressesOf = (ports: Ports): Addresses => ({
  api: localUrl(ports.PORT),
  doors: Object.fromEntries(SERVICES.map((service) => [service, localUrl(ports[portSetting(service)])])),
  processor: localUrl(ports.PROCESSOR_PORT),
  carrier: localUrl(ports.CARRIER_PORT),
});

/**
 * The URL of a service's database on the server of `superuserUrl`, with its own role. Names have a prefix, because roles
 * and databases called `user` or `order` may already exist there.
 */
export function databaseUrl(superuserUrl: string, name: DatabaseName, password: string): string {
  const url = new URL(withDatabase(superuserUrl, `order_platform_${name}`));
  url.username = `order_platform_${name}`;
  url.password = password;
  return url.href;
}

/** The card processor and the carrier in one process. They depend on no other process. */
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
      CARRIER_CALLBACK_URL: `${localUrl(ports.PORT)}/v1/callbacks/carrier`,
      CARRIER_CALLBACK_SECRET: secrets.carrierCallbackSecret,
    },
    ready: [`${localUrl(ports.PROCESSOR_PORT)}/readyz`, `${localUrl(ports.CARRIER_PORT)}/readyz`],
  };
}

/** All services in one process, which saves memory and start-up time, or each in its own. */
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
      // Each service gets only the URL of its own database.
      ...Object.fromEntries(
        services.map((service) => [`${service.toUpperCase()}_DATABASE_URL`, databaseUrls[service]]),
      ),
      ...Object.assign({}, ...services.map((service) => ownSettings(service, surroundings))),
    },
    ready: services.map((service) => `${localUrl(ports[portSetting(service)])}/readyz`),
  };
}

/** Settings of a single service. */
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
      return { PROCESSOR_URL: localUrl(ports.PROCESSOR_PORT) };
    case 'shipping':
      return { CARRIER_URL: localUrl(ports.CARRIER_PORT) };
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
    ready: [`${localUrl(ports.PORT)}/readyz`],
  };
}

export const adminPassword = (settings: StartSettings, secrets: Secrets): string =>
  settings.ADMIN_PASSWORD ?? secrets.adminPassword;

/** Settings of every process that calls others: their URLs and the service token. */
const shared = ({ settings, secrets, ports, temporalAddress, environment }: Surroundings): NodeJS.ProcessEnv => ({
  ...inherited(environment, settings),
  HOST: '127.0.0.1',
  SERVICE_TOKEN: secrets.serviceToken,
  TEMPORAL_ADDRESS: temporalAddress,
  TEMPORAL_NAMESPACE: settings.TEMPORAL_NAMESPACE,
  ...Object.fromEntries(
    SERVICES.map((service) => [`${service.toUpperCase()}_URL`, localUrl(ports[portSetting(service)])]),
  ),
});

const SINGLE_PROCESS_SETTINGS = new Set(['ADMIN_PASSWORD', 'SMTP_URL', 'WEBHOOK_SECRET_KEY']);

/** Inherited settings (PATH, proxies, OTEL_*, STRIPE_*), without those that only one process may have. */
const inherited = (environment: NodeJS.ProcessEnv, settings: StartSettings): NodeJS.ProcessEnv => ({
  // Caches compiled code for the next start: 1.4 instead of 2.4 s of CPU for the gateway.
  NODE_COMPILE_CACHE: path.resolve(settings.CACHE_DIR, 'compiled'),
  ...Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.endsWith('DATABASE_URL') && !SINGLE_PROCESS_SETTINGS.has(name),
    ),
  ),
  LOG_LEVEL: settings.LOG_LEVEL,
});
