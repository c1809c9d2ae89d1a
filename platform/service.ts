import type { Kysely } from 'kysely';
import { z } from 'zod';
import { httpUrls, port, postgresUrl, readConfig, secret } from './config.ts';
import { withContext } from './context.ts';
import { openDatabase } from './database/check.ts';
import { ping } from './database/connection.ts';
import { retentionSettings } from './events/retention.ts';
import { type EventsPlan, startEvents } from './events/service-events.ts';
import type { Subscription } from './events/subscription.ts';
import { type ServedOperations, createServiceApi } from './http/service-api.ts';
import { type ListenOptions, listen } from './http/server.ts';
import { type Logger, createLogger } from './telemetry/logger.ts';
import { type Metrics, createMetrics } from './telemetry/metrics.ts';
import type { Running } from './process.ts';
import { checkTemporal } from './temporal/check.ts';
import { type TemporalPlace, readTemporalPlace } from './temporal/place.ts';
import {
  countAttempts,
  durableActivities,
  installTemporalRuntime,
  keepWorking,
  sdkMetrics,
  traceActivities,
  translateRefusals,
} from './temporal/worker.ts';
import { type WorkflowSettings, workflowOptions, workflowSettings } from './temporal/workflow-settings.ts';

export interface ServiceContext<Database, Config> {
  db: Kysely<Database>;
  config: Config;
  /** Where the Temporal server is. */
  temporal: TemporalPlace;
  logger: Logger;
  metrics: Metrics;
}

/** The parts of a service, created from its database and settings. */
export interface ServiceParts {
  /** The operations of its HTTP API. */
  requests: ServedOperations;
  /** The operations that workflows call, on the task queue named after the service. */
  activities?: ServedOperations;
  /** The workflows that its worker runs. They call its activities as local activities. */
  workflowBundle?: { codePath: string };
  /**
   * Further activities of these workflows, mostly local ones such as calls to other services, which the service's API does
   * not offer. No name occurs in `activities` too.
   */
  localActivities?: object;
  /** Whether activities return their number of attempts. By default if the service runs no workflows. */
  countsAttempts?: boolean;
  /** Whether it is ready also while its worker does not poll, as when Temporal is away. */
  readyWithoutWorker?: boolean;
  /** Throws while something that the service needs is still to be done. */
  ready?(): void;
  /** Its handlers of other services' events. Its database then has an inbox. */
  subscriptions?: readonly Subscription[];
  /** Ends long polls at shutdown, before the HTTP server closes. */
  drain?(): void;
  close?(): Promise<void>;
}

/** What other processes need to know about a service. */
export interface RegisteredService {
  /** The default of `<NAME>_PORT`, the port of its HTTP API. */
  port: number;
  /** Whether it has an outbox, which others read over its HTTP API. */
  publishes: boolean;
  /** The services whose events it handles. */
  subscribesTo: readonly string[];
  /** Whether it has activities, and so a worker. Only then does its process need Temporal's settings. */
  usesTemporal?: boolean;
}

export type Registry = Readonly<Record<string, RegisteredService>>;

export interface ServiceDefinition<Database, Shape extends z.ZodRawShape, Name> {
  name: Name;
  /** Its settings, in addition to those that every service has. */
  settings: Shape;
  create(context: ServiceContext<Database, z.infer<z.ZodObject<Shape>>>): Promise<ServiceParts> | ServiceParts;
}

/** The export of services/<name>/service.ts: starts the service with the settings of an environment. */
export interface Service {
  name: string;
  /** Its settings beside those that every service has. */
  settings: z.ZodRawShape;
  start(environment: NodeJS.ProcessEnv): Promise<Running & { url: string }>;
}

/** Settings that every service has. */
export const serviceSettings = (name: string, byDefault: number): z.ZodRawShape => ({
  [`${name.toUpperCase()}_DATABASE_URL`]: postgresUrl,
  [`${name.toUpperCase()}_PORT`]: port(byDefault),
  SERVICE_TOKEN: secret,
  HOST: z.string().default('127.0.0.1'),
  ...workflowSettings,
});

/** Defines a service: a database pool, an HTTP API and, if it has activities, a worker. */
export function defineService<Database, Shape extends z.ZodRawShape, Services extends Registry = Registry>(
  registry: Services,
  definition: ServiceDefinition<Database, Shape, keyof Services & string>,
): Service {
  const { name } = definition;
  return {
    name,
    settings: definition.settings,
    // What it starts, it does as this service, also where several share a process.
    start: (environment) => withContext({ service: name }, () => start(registry, definition, environment)),
  };
}

async function start<Database, Shape extends z.ZodRawShape, Services extends Registry>(
  registry: Services,
  definition: ServiceDefinition<Database, Shape, keyof Services & string>,
  environment: NodeJS.ProcessEnv,
): Promise<Running & { url: string }> {
  const { name } = definition;
  const registered = registry[name]!;
  const config = readCommonConfig(name, registered.port, environment);
  const logger = createLogger(name, environment.LOG_LEVEL);
  const metrics = createMetrics(name);
  if (registered.usesTemporal) await checkTemporal(config.temporal);
  const setting = `${name.toUpperCase()}_DATABASE_URL`;
  const db = await openDatabase<Database>(config.databaseUrl, { setting, logger });
  const parts = await definition.create({
    db,
    config: readConfig(definition.settings, environment) as z.infer<z.ZodObject<Shape>>,
    temporal: config.temporal,
    logger,
    metrics,
  });
  checkRegistered(name, registered, parts);
  const events = startEvents({
    service: name,
    db: db as unknown as EventsPlan['db'],
    publishes: registered.publishes,
    subscriptions: parts.subscriptions,
    urlsOf: (publisher) => readUrls(publisher, registry[publisher]!.port, environment),
    token: config.serviceToken,
    retentionDays: readConfig(retentionSettings, environment).EVENT_RETENTION_DAYS,
    logger,
    metrics,
  });
  const worker = parts.activities && (await startWorker({ name, parts, activities: parts.activities, config, logger }));
  const serviceApi = createServiceApi({
    requests: parts.requests,
    activities: parts.activities,
    events: events.answered,
    async ready() {
      await ping(db);
      parts.ready?.();
      if (!parts.readyWithoutWorker) await worker?.ready();
    },
    ...(worker && { moreMetrics: sdkMetrics }),
    token: config.serviceToken,
    logger,
    metrics,
  });
  const listening = await listen(serviceApi, config.listenOptions);
  logger.info('listening', { url: listening.url });
  return {
    url: listening.url,
    async close() {
      await events.close();
      parts.drain?.();
      await Promise.all([listening.close(), worker?.close()]);
      await parts.close?.();
      await db.destroy();
    },
  };
}

/** The settings that every service has, by their use. */
interface CommonConfig {
  databaseUrl: string;
  serviceToken: string;
  listenOptions: ListenOptions;
  temporal: TemporalPlace;
  workflows: WorkflowSettings;
}

function readCommonConfig(name: string, defaultPort: number, environment: NodeJS.ProcessEnv): CommonConfig {
  const config = readConfig(serviceSettings(name, defaultPort), environment) as unknown as Record<string, string> &
    WorkflowSettings;
  const setting = `${name.toUpperCase()}_PORT`;
  return {
    databaseUrl: config[`${name.toUpperCase()}_DATABASE_URL`]!,
    serviceToken: config.SERVICE_TOKEN!,
    listenOptions: { port: Number(config[setting]), host: config.HOST!, setting },
    temporal: readTemporalPlace(environment),
    workflows: config,
  };
}

/** Reads the setting `<NAME>_URL` of another service. */
function readUrls(name: string, defaultPort: number, environment: NodeJS.ProcessEnv): readonly string[] {
  const setting = `${name.toUpperCase()}_URL`;
  return readConfig({ [setting]: httpUrls(`http://127.0.0.1:${defaultPort}`) }, environment)[setting]!;
}

/** Other processes rely on the registry. A service may subscribe to less, as where a setting turns a handler off. */
function checkRegistered(
  name: string,
  { subscribesTo, usesTemporal = false }: RegisteredService,
  { subscriptions, activities }: ServiceParts,
) {
  if (activities && !usesTemporal)
    throw new Error(`the ${name} service has activities: add usesTemporal to its registry entry`);
  const unregistered = subscriptions?.find(({ publisher }) => !subscribesTo.includes(publisher));
  if (unregistered)
    throw new Error(
      `the ${name} service subscribes to ${unregistered.publisher}: add it to subscribesTo in its registry entry`,
    );
  if (!subscriptions && subscribesTo.length > 0)
    throw new Error(`the ${name} service has no subscriptions, but its registry entry has subscribesTo`);
}

interface WorkerStart {
  name: string;
  parts: ServiceParts;
  activities: ServedOperations;
  config: CommonConfig;
  logger: Logger;
}

async function startWorker({ name, parts, activities, config, logger }: WorkerStart) {
  await installTemporalRuntime(logger, name);
  const { workflowBundle, localActivities, countsAttempts = !workflowBundle } = parts;
  return keepWorking(
    config.temporal,
    {
      taskQueue: name,
      activities: { ...localActivities, ...durableActivities(activities) },
      ...(workflowBundle && { workflowBundle, ...(await workflowOptions(config.workflows, logger)) }),
      interceptors: {
        activity: [traceActivities, translateRefusals, ...(countsAttempts ? [countAttempts] : [])],
      },
    },
    logger,
  );
}
