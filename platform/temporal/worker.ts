import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry-v2/lib/worker/index.js';
import {
  type ActivityInboundCallsInterceptor,
  type DefaultLogger,
  type LogMetadata,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  makeTelemetryFilterString,
} from '@temporalio/worker';
import type { Attempted } from '../contract/operation.ts';
import { untilCalledOff, withContext } from '../context.ts';
import type { ServedOperations } from '../http/service-api.ts';
import type { Logger } from '../telemetry/logger.ts';
import { takePrivatePort } from '../ports.ts';
import { Refusal } from '../contract/refusal.ts';
import { type TemporalPlace, connectionOptions } from './place.ts';

/** The port of the Temporal SDK's metrics server; undefined if no worker runs in this process. */
let sdkMetricsPort: number | undefined;
let installed: Promise<void> | undefined;

/** The loggers of this process's workers, by task queue: the SDK has one logger for all. */
const loggers = new Map<string, Logger>();

/**
 * Sets up the SDK once per process, however many services start in it concurrently. Lines about a worker go to the
 * logger given for its task queue; others, such as the SDK's own troubles, to the one given first.
 */
export function installTemporalRuntime(logger: Logger, taskQueue?: string): Promise<void> {
  if (taskQueue !== undefined) loggers.set(taskQueue, logger);
  installed ??= install(logger);
  return installed;
}

/** Our log level for each of the SDK's. */
const LEVELS = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Passes the SDK's log lines on and serves its metrics on a port of their own. */
async function install(first: Logger): Promise<void> {
  sdkMetricsPort = await takePrivatePort('the port of the SDK’s metrics');
  // The SDK logs every activity at DEBUG, and Winston formats a line before it checks the level.
  const log: DefaultLogger['log'] = (severity, message, meta) => {
    const level = LEVELS[severity];
    const logger = loggers.get(taskQueueOf(meta)) ?? first;
    if (logger.isLevelEnabled(level)) logger.log(level, message, meta);
  };
  Runtime.install({
    // The process handles its signals itself.
    shutdownSignals: [],
    logger: {
      log,
      trace: (message, meta) => log('TRACE', message, meta),
      debug: (message, meta) => log('DEBUG', message, meta),
      info: (message, meta) => log('INFO', message, meta),
      warn: (message, meta) => log('WARN', message, meta),
      error: (message, meta) => log('ERROR', message, meta),
    },
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      metrics: { prometheus: { bindAddress: `127.0.0.1:${sdkMetricsPort}` } },
    },
  });
}

/** The SDK names it in three ways: in a worker's lines, in the options of one that it creates, in lines of its native part. */
const taskQueueOf = (meta: LogMetadata = {}): string => {
  const {
    taskQueue,
    task_queue: native,
    options,
  } = meta as Partial<Record<'taskQueue' | 'task_queue', string>> & {
    options?: { taskQueue?: string };
  };
  return taskQueue ?? native ?? options?.taskQueue ?? '';
};

/** The SDK's metrics in Prometheus text format. */
export async function sdkMetrics(): Promise<string> {
  if (sdkMetricsPort === undefined) return '';
  const response = await fetch(`http://127.0.0.1:${sdkMetricsPort}/metrics`, { signal: AbortSignal.timeout(1_000) });
  return response.text();
}

export interface WorkerProcess {
  /** Rejects unless the worker is polling. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

// Longer than any activity's own timeout, so that running activities finish at shutdown.
const SHUTDOWN_GRACE = '15s';
const RECONNECT_MS = 1_000;

/**
 * Keeps a worker polling `taskQueue` until it is closed. If Temporal is unavailable it retries every second: the
 * service's HTTP API works without it.
 */
export function keepWorking(
  place: TemporalPlace,
  options: Omit<WorkerOptions, 'connection' | 'namespace'>,
  logger: Logger,
): WorkerProcess {
  const { namespace } = place;
  const closing = new AbortController();
  let current: Worker | undefined;

  async function work(): Promise<void> {
    // The first connection of a process would otherwise install the SDK's own, for good.
    await installTemporalRuntime(logger, options.taskQueue);
    const connection = await NativeConnection.connect(connectionOptions(place));
    try {
      // The worker would fail with the same error, but would by then have started workflow threads that never end.
      await connection.workflowService.describeNamespace({ namespace });
      current = await Worker.create({
        ...options,
        connection,
        namespace,
        shutdownGraceTime: SHUTDOWN_GRACE,
      });
      const running = current.run();
      // Closed while it was created: only a worker that has run is released.
      if (closing.signal.aborted) current.shutdown();
      await running;
    } finally {
      current = undefined;
      await connection.close();
    }
  }

  const ended = (async () => {
    while (!closing.signal.aborted) {
      await work().catch((error: unknown) => logger.warn('the worker is not running, retrying', { error }));
      if (!closing.signal.aborted)
        await sleep(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();

  return {
    async ready() {
      if (current?.getState() !== 'RUNNING') throw new Error(`no worker polls the task queue ${options.taskQueue}`);
    },
    async close() {
      closing.abort();
      if (current?.getState() === 'RUNNING') current.shutdown();
      await ended;
    },
  };
}

/** A contract's activities for a worker, which check their input. */
export function durableActivities({
  operations,
  implementation,
}: ServedOperations): Record<string, (request: unknown) => Promise<unknown>> {
  const functions = implementation as Record<string, (request: unknown) => Promise<unknown>>;
  return Object.fromEntries(
    Object.entries(operations).map(([name, { request }]) => [
      name,
      (input: unknown) => functions[name]!((request as { parse(value: unknown): unknown }).parse(input)),
    ]),
  );
}

/** Adds to the result of a durable activity how many attempts it took. */
export const countAttempts = (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
  inbound: {
    async execute(input, next): Promise<Attempted<unknown>> {
      return { attempt: context.info.attempt, answer: await next(input) };
    },
  },
});

/**
 * Turns a refusal into a non-retryable failure; this is the only place that does. Also gives the activity its work
 * context and its cancellation.
 */
export const translateRefusals = (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
  inbound: {
    execute: (input, next) =>
      withContext(contextOf(context, input.args[0]), async () => {
        try {
          return await untilCalledOff(context.cancellationSignal, () => next(input));
        } catch (error) {
          throw failureOf(error, context.info.attempt);
        }
      }),
  },
});

/** Makes a span of each activity, for the service that the task queue is named after. */
export function traceActivities(context: Context): { inbound: ActivityInboundCallsInterceptor } {
  const traced = new OpenTelemetryActivityInboundInterceptor(context);
  return {
    inbound: {
      execute: (input, next) => withContext({ service: context.info.taskQueue }, () => traced.execute(input, next)),
    },
  };
}

const contextOf = (context: Context, request: unknown) => ({
  workflowId: context.info.workflowExecution?.workflowId ?? '',
  orderId: (request as { orderId?: string } | undefined)?.orderId ?? '',
});

function failureOf(error: unknown, attempt: number): unknown {
  // The activity ends as canceled.
  if (!(error instanceof Error) || error instanceof CancelledFailure) return error;
  const refused = error instanceof Refusal;
  return ApplicationFailure.create({
    message: error.message,
    type: refused ? error.code : error.name,
    nonRetryable: refused,
    ...(refused && { category: ApplicationFailureCategory.BENIGN }),
    details: [{ attempt }],
    // A refusal's code says everything. Only the cause of a fault is worth the space in the workflow's history.
    ...(!refused && { cause: error }),
  });
}
