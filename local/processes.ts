import path from 'node:path';
import { GATEWAY_MEMORY, GATEWAY_PROGRAM } from '../gateway/program.ts';
import { SERVICES_PROGRAM } from '../services/program.ts';
import { isTemporalSetting } from '../platform/temporal/place.ts';
import { type DatabaseName, type ServiceName, SERVICES, usesTemporal } from '../services/registry.ts';
import type { Addresses } from './lock-file.ts';
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
  /** host:port of the Temporal server. */
  temporalAddress: string;
  databaseUrls: Readonly<Record<DatabaseName, string>>;
  environment: NodeJS.ProcessEnv;
}

export const portSetting = (service: ServiceName): PortSetting =>
  `${service.toUpperCase() as Uppercase<ServiceName>}_PORT`;

const localUrl = (port: number) => `http://127.0.0.1:${port}`;

export const addressesOf = (ports: Ports): Omit<Addresses, 'temporal'> => ({
  api: localUrl(ports.PORT),
  doors: Object.fromEntries(SERVICES.map((service) => [service, localUrl(ports[portSetting(service)])])),
  processor: localUrl(ports.PROCESSOR_PORT),
  carrier: localUrl(ports.CARRIER_PORT),
});

/** The port of each service's API, where its metrics are too. */
export const servicePorts = (ports: Ports): Record<ServiceName, number> =>
  Object.fromEntries(SERVICES.map((service) => [service, ports[portSetting(service)]])) as Record<ServiceName, number>;

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
      HOST: '127.0.0.1',
      SANDBOX_DATA: `${dataFolder}/sandbox`,
      PROCESSOR_PORT: String(ports.PROCESSOR_PORT),
      CARRIER_PORT: String(ports.CARRIER_PORT),
      PROCESSOR_CALLBACK_URL: `${localUrl(ports.PORT)}/v1/callbacks/processor`,
      PROCESSOR_CALLBACK_SECRET: secrets.processorCallbackSecret,
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
    program: [...SERVICES_PROGRAM, ...services],
    environment: {
      ...shared(surroundings),
      ...(services.some(usesTemporal) && temporalOf(surroundings)),
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
function ownSettings(service: ServiceName, { settings, secrets, ports, environment }: Surroundings): NodeJS.ProcessEnv {
  switch (service) {
    case 'user':
      return { ADMIN_EMAIL: settings.ADMIN_EMAIL, ADMIN_PASSWORD: adminPassword(settings, secrets) };
    case 'cart':
      return { CACHE_DIR: path.resolve(settings.CACHE_DIR) };
    case 'order':
      return { CACHE_DIR: path.resolve(settings.CACHE_DIR), ORDER_LANE: settings.ORDER_LANE };
    case 'payment':
      return {
        PROCESSOR_URL: localUrl(ports.PROCESSOR_PORT),
        PROCESSOR_CALLBACK_SECRET: secrets.processorCallbackSecret,
        ...only(environment, 'STRIPE_API_KEY'),
        ...only(environment, 'STRIPE_WEBHOOK_SECRET'),
      };
    case 'shipping':
      return { CARRIER_URL: localUrl(ports.CARRIER_PORT) };
    case 'webhook':
      return { CACHE_DIR: path.resolve(settings.CACHE_DIR), WEBHOOK_SECRET_KEY: secrets.webhookSecretKey };
    case 'notification':
      return only(environment, 'SMTP_URL');
    default:
      return {};
  }
}

export function gatewayPlan(surroundings: Surroundings): ProcessPlan {
  const { settings, secrets, ports, databaseUrls } = surroundings;
  return {
    name: 'gateway',
    program: GATEWAY_PROGRAM,
    environment: {
      ...shared(surroundings),
      ...temporalOf(surroundings),
      ...GATEWAY_MEMORY,
      PORT: String(ports.PORT),
      METRICS_PORT: String(ports.METRICS_PORT),
      GATEWAY_DATABASE_URL: databaseUrls.gateway,
      JWT_PRIVATE_KEY: secrets.jwtPrivateKey,
      CARRIER_CALLBACK_SECRET: secrets.carrierCallbackSecret,
      RATE_LIMIT_PER_MINUTE: String(settings.RATE_LIMIT_PER_MINUTE),
    },
    ready: [`${localUrl(ports.PORT)}/readyz`],
  };
}

export const adminPassword = (settings: StartSettings, secrets: Secrets): string =>
  settings.ADMIN_PASSWORD ?? secrets.adminPassword;

/** Settings of every process that calls others: their URLs and the service token. */
const shared = ({ settings, secrets, ports, environment }: Surroundings): NodeJS.ProcessEnv => ({
  ...inherited(environment, settings),
  HOST: '127.0.0.1',
  SERVICE_TOKEN: secrets.serviceToken,
  ...Object.fromEntries(
    SERVICES.map((service) => [`${service.toUpperCase()}_URL`, localUrl(ports[portSetting(service)])]),
  ),
});

/** How to connect to Temporal, for the processes that do. */
function temporalOf({ settings, temporalAddress, environment }: Surroundings): NodeJS.ProcessEnv {
  const own = { TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: settings.TEMPORAL_NAMESPACE };
  if (!settings.existingTemporal) return own;
  const given = Object.entries(environment).filter(([name]) => isTemporalSetting(name));
  return Object.fromEntries(given);
}

const only = (environment: NodeJS.ProcessEnv, name: string): NodeJS.ProcessEnv =>
  environment[name] === undefined ? {} : { [name]: environment[name] };

/** Secrets of one process each: it sets them itself, or takes them from the environment with `only`. */
const SECRETS = new Set([
  'ADMIN_PASSWORD',
  'CARRIER_CALLBACK_SECRET',
  'JWT_PRIVATE_KEY',
  'PROCESSOR_CALLBACK_SECRET',
  'SERVICE_TOKEN',
  'SMTP_URL',
  'STRIPE_API_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'WEBHOOK_SECRET_KEY',
]);

/** Whether a variable may only be passed to the process that it is for. */
export const isSecret = (name: string): boolean =>
  SECRETS.has(name) || name.endsWith('DATABASE_URL') || isTemporalSetting(name);

// Each service's spans have its own name.
const NOT_INHERITED = 'OTEL_SERVICE_NAME';

/** What every process inherits (PATH, proxies, OTEL_*, settings that are no secrets). */
const inherited = (environment: NodeJS.ProcessEnv, settings: StartSettings): NodeJS.ProcessEnv => ({
  // Caches compiled code for the next start: 1.4 instead of 2.4 s of CPU for the gateway.
  NODE_COMPILE_CACHE: path.resolve(settings.CACHE_DIR, 'compiled'),
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name) && name !== NOT_INHERITED)),
  LOG_LEVEL: settings.LOG_LEVEL,
});
