import type { Kysely } from 'kysely';
import { z } from 'zod';
import { port, postgresUrl, readConfig, secret } from './config.ts';
import { connect, ping } from './database.ts';
import { type Answered, createDoor } from './http/door.ts';
import { listen } from './http/server.ts';
import { type Logger, createLogger } from './logger.ts';
import { type Metrics, createMetrics } from './metrics.ts';
import type { Running } from './process.ts';
import { temporalSettings } from './temporal.ts';
import {
  countAttempts,
  durableActivities,
  installTemporalRuntime,
  keepWorking,
  sdkMetrics,
  traceActivities,
  translateRefusals,
} from './worker.ts';

export const SERVICES = ['user', 'product', 'inventory', 'order', 'payment', 'shipping'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where each service's door is unless its `<NAME>_PORT` says otherwise. */
export const DOOR_PORTS: Readonly<Record<ServiceName, number>> = {
  user: 4101,
  product: 4102,
  inventory: 4103,
  order: 4104,
  payment: 4105,
  shipping: 4106,
};

export interface ServiceContext<Database, Config> {
  db: Kysely<Database>;
  config: Config;
  logger: Logger;
  metrics: Metrics;
}

/** What one service consists of, once it has its database and settings. */
export interface ServiceParts {
  /** What may be asked at its door. */
  requests: Answered;
  /** What a workflow may ask, on the task queue of the service's name. */
  activities?: Answered;
  /** A bundle of workflows that this service's worker runs; its activities are then local to them. */
  workflowBundle?: { codePath: string };
  close?(): Promise<void>;
}

export interface ServiceDefinition<Database, Shape extends z.ZodRawShape> {
  name: ServiceName;
  /** Settings beside those that every service has. */
  settings: Shape;
  create(context: ServiceContext<Database, z.infer<z.ZodObject<Shape>>>): Promise<ServiceParts> | ServiceParts;
}

/** What services/<name>/service.ts exports: how to run it, given the environment. */
export interface Service {
  name: ServiceName;
  start(environment: NodeJS.ProcessEnv): Promise<Running & { url: string }>;
}

/** Makes a service of its definition: a database pool, a door, and a worker where it has activities. */
export function defineService<Database, Shape extends z.ZodRawShape>(
  definition: ServiceDefinition<Database, Shape>,
): Service {
  const { name } = definition;
  const prefix = name.toUpperCase();
  return {
    name,
    async start(environment) {
      const config = readConfig(
        {
          [`${prefix}_DATABASE_URL`]: postgresUrl,
          [`${prefix}_PORT`]: port(DOOR_PORTS[name]),
          SERVICE_TOKEN: secret,
          HOST: z.string().default('127.0.0.1'),
          ...temporalSettings,
        },
        environment,
      ) as Record<string, string> & { TEMPORAL_ADDRESS: string; TEMPORAL_NAMESPACE: string };
      const logger = createLogger(name, environment.LOG_LEVEL);
      const metrics = createMetrics(name);
      const db = connect<Database>(config[`${prefix}_DATABASE_URL`]!);
      const parts = await definition.create({
        db,
        config: readConfig(definition.settings, environment) as z.infer<z.ZodObject<Shape>>,
        logger,
        metrics,
      });
      const worker =
        parts.activities && (await startWorker({ name, parts, activities: parts.activities, config, logger }));
      const ready = async () => {
        await ping(db);
        await worker?.ready();
      };
      const door = createDoor({
        requests: parts.requests,
        activities: parts.activities,
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
          await Promise.all([listening.close(), worker?.close()]);
          await parts.close?.();
          await db.destroy();
        },
      };
    },
  };
}

interface WorkerStart {
  name: ServiceName;
  parts: ServiceParts;
  activities: Answered;
  config: { TEMPORAL_ADDRESS: string; TEMPORAL_NAMESPACE: string };
  logger: Logger;
}

async function startWorker({ name, parts, activities, config, logger }: WorkerStart) {
  await installTemporalRuntime(logger);
  const { workflowBundle } = parts;
  return keepWorking(
    { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE },
    {
      taskQueue: name,
      activities: durableActivities(activities),
      ...(workflowBundle && { workflowBundle }),
      interceptors: {
        activity: [traceActivities, translateRefusals, ...(workflowBundle ? [] : [countAttempts])],
      },
    },
    logger,
  );
}
