import type { Kysely } from 'kysely';
import { z } from 'zod';
import { httpUrls, port, postgresUrl, readConfig, secret } from './config.ts';
import { connect, ping } from './database/connection.ts';
import { retentionSettings } from './events/retention.ts';
import { type EventsPlan, startEvents } from './events/service-events.ts';
import type { Subscription } from './events/subscription.ts';
import { type ServedOperations, createServiceApi } from './http/service-api.ts';
import { listen } from './http/server.ts';
import { type Logger, createLogger } from './telemetry/logger.ts';
import { type Metrics, createMetrics } from './telemetry/metrics.ts';
import type { Running } from './process.ts';
import { temporalSettings } from './temporal/client.ts';
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
  logger: Logger;
  metrics: Metrics;
}

/** What one service consists of, once it has its database and settings. */
export interface ServiceParts {
  /** What may be asked at its door. */
  requests: ServedOperations;
  /** What a workflow may ask, on the task queue of the service's name. */
  activities?: ServedOperations;
  /** A bundle of workflows that this service's worker runs; its activities are then local to them. */
  workflowBundle?: { codePath: string };
  /** What these workflows may ask beside them that this service does not answer itself. Named as nothing in `activities` is. */
  localActivities?: object;
  /** Its activities tell workflows the attempts they took also where it runs workflows itself. */
  countsAttempts?: boolean;
  /** What it does about other services' events; its database then has an inbox. */
  subscriptions?: readonly Subscription[];
  /** Answers those who wait on purpose, before the door closes. */
  drain?(): void;
  close?(): Promise<void>;
}

/** What is known of a service before it runs. */
export interface RegisteredService {
  /** Of its API, unless `<NAME>_PORT` says otherwise. */
  port: number;
  /** Whether it has an outbox, which others read at its API. */
  publishes: boolean;
  /** Whose events it handles. */
  subscribesTo: readonly string[];
}

export type Registry = Readonly<Record<string, RegisteredService>>;

export interface ServiceDefinition<Database, Shape extends z.ZodRawShape, Name> {
  name: Name;
  /** Settings beside those that every service has. */
  settings: Shape;
  create(context: ServiceContext<Database, z.infer<z.ZodObject<Shape>>>): Promise<ServiceParts> | ServiceParts;
}

/** What services/<name>/service.ts exports: how to run it, given the environment. */
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
  ...temporalSettings,
  ...workflowSettings,
});

/** Makes a service of its definition: a database pool, an HTTP API, and a worker where it has activities. */
export function defineService<Database, Shape extends z.ZodRawShape, Services extends Registry = Registry>(
  registry: Services,
  definition: ServiceDefinition<Database, Shape, keyof Services & string>,
): Service {
  const { name } = definition;
  const registered = registry[name]!;
  const prefix = name.toUpperCase();
  return {
    name,
    settings: definition.settings,
    async start(environment) {
      const config = readConfig(serviceSettings(name, registered.port), environment) as unknown as Record<
        string,
        string
      > &
        WorkerStart['config'];
      const logger = createLogger(name, environment.LOG_LEVEL);
      const metrics = createMetrics(name);
      const db = connect<Database>(config[`${prefix}_DATABASE_URL`]!);
      const parts = await definition.create({
        db,
        config: readConfig(definition.settings, environment) as z.infer<z.ZodObject<Shape>>,
        logger,
        metrics,
      });
      checkSubscriptions(name, registered, parts);
      const events = startEvents({
        service: name,
        db: db as unknown as EventsPlan['db'],
        publishes: registered.publishes,
        subscriptions: parts.subscriptions,
        urlsOf: (publisher) => {
          const setting = `${publisher.toUpperCase()}_URL`;
          return readConfig({ [setting]: httpUrls(`http://127.0.0.1:${registry[publisher]!.port}`) }, environment)[
            setting
          ]!;
        },
        token: config.SERVICE_TOKEN!,
        retentionDays: readConfig(retentionSettings, environment).EVENT_RETENTION_DAYS,
        logger,
        metrics,
      });
      const worker =
        parts.activities && (await startWorker({ name, parts, activities: parts.activities, config, logger }));
      const ready = async () => {
        await ping(db);
        await worker?.ready();
      };
      const door = createServiceApi({
        requests: parts.requests,
        activities: parts.activities,
        events: events.answered,
        ready,
        ...(worker && { moreMetrics: sdkMetrics }),
        token: config.SERVICE_TOKEN!,
        logger,
        metrics,
      });
      const setting = `${prefix}_PORT`;
      const listening = await listen(door, { port: Number(config[setting]), host: config.HOST!, setting });
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
    },
  };
}

/** The registry is what others read. A service may do less than it says, as where a setting turns a handler off. */
function checkSubscriptions(name: string, { subscribesTo }: RegisteredService, { subscriptions }: ServiceParts) {
  const unregistered = subscriptions?.find(({ publisher }) => !subscribesTo.includes(publisher));
  if (unregistered) throw new Error(`${name} subscribes to ${unregistered.publisher}, but its registration does not`);
  if (!subscriptions && subscribesTo.length > 0)
    throw new Error(`${name} is registered as a subscriber and has no inbox`);
}

interface WorkerStart {
  name: string;
  parts: ServiceParts;
  activities: ServedOperations;
  config: { TEMPORAL_ADDRESS: string; TEMPORAL_NAMESPACE: string } & WorkflowSettings;
  logger: Logger;
}

async function startWorker({ name, parts, activities, config, logger }: WorkerStart) {
  await installTemporalRuntime(logger);
  const { workflowBundle, localActivities, countsAttempts: counts = !workflowBundle } = parts;
  return keepWorking(
    { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE },
    {
      taskQueue: name,
      activities: { ...localActivities, ...durableActivities(activities) },
      ...(workflowBundle && { workflowBundle, ...workflowOptions(config) }),
      interceptors: {
        activity: [traceActivities, translateRefusals, ...(counts ? [countAttempts] : [])],
      },
    },
    logger,
  );
}
