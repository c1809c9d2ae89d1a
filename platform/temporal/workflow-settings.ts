import os from 'node:os';
import type { WorkerOptions } from '@temporalio/worker';
import { z } from 'zod';
import type { Logger } from '../telemetry/logger.ts';
import { SDK_VERSION, TESTED_SDK_VERSIONS, chooseWorkflowThreads } from './workflow-threads.ts';

// Memory of one cached workflow: a thousand took 190 to 280 MB with stack traces recorded, less without.
// `node bench/studies/open-orders.ts` measures it.
const KB_PER_WORKFLOW = 250;
// Of the machine's or container's memory. The rest is for activities, the database's page cache and other processes.
const MEMORY_SHARE = 0.1;
const MIN_MB = 64;
// Four thousand waiting orders. Beyond that, a replay of some milliseconds is cheaper than caching them all.
const MAX_MB = 1_024;

const onOrOff = { error: 'must be on or off' } as const;

/** Settings of every process that runs workflows. */
export const workflowSettings = {
  /** Memory for cached workflows. Unset: a tenth of the machine's or container's memory, from 64 to 1,024 MB. */
  WORKFLOW_CACHE_MB: z.coerce
    .number({ error: 'must be a whole number of megabytes, 1 or more' })
    .int({ error: 'must be a whole number of megabytes, 1 or more' })
    .min(1, { error: 'must be a whole number of megabytes, 1 or more' })
    .optional(),
  /** See WorkflowThreads. */
  WORKFLOW_WATCHDOG: z.enum(['activation', 'entry'], { error: 'must be activation or entry' }).default('activation'),
  WORKFLOW_STACK_TRACES: z.enum(['on', 'off'], onOrOff).default('off'),
};

export type WorkflowSettings = Readonly<z.infer<z.ZodObject<typeof workflowSettings>>>;

let warned = false;

/** Options for a worker that runs workflows. The watchdog and stack trace settings apply to the whole process. */
export async function workflowOptions(
  settings: WorkflowSettings,
  logger: Logger,
  sdkVersion = SDK_VERSION,
): Promise<Pick<WorkerOptions, 'maxCachedWorkflows'>> {
  const threads = { watchdog: settings.WORKFLOW_WATCHDOG, stackTraces: settings.WORKFLOW_STACK_TRACES === 'on' };
  const chosen = await chooseWorkflowThreads(threads, sdkVersion);
  if (!chosen && !warned) {
    warned = true;
    const message = 'workflows run as with WORKFLOW_WATCHDOG=entry: this version of the Temporal SDK was not tested';
    logger.warn(message, { sdkVersion, tested: TESTED_SDK_VERSIONS });
  }
  return cacheOf(settings);
}

/**
 * How many workflows a worker caches. Beyond that it evicts the least recently used one, such as an order that has waited
 * for days; the next event for that order replays it from its history.
 */
export function cacheOf(
  { WORKFLOW_CACHE_MB }: Pick<WorkflowSettings, 'WORKFLOW_CACHE_MB'>,
  memoryMb = availableMb(),
): Pick<WorkerOptions, 'maxCachedWorkflows'> {
  const megabytes = WORKFLOW_CACHE_MB ?? Math.min(MAX_MB, Math.max(MIN_MB, memoryMb * MEMORY_SHARE));
  // The SDK requires at least two.
  return { maxCachedWorkflows: Math.max(2, Math.floor((megabytes * 1_024) / KB_PER_WORKFLOW)) };
}

/** The container's limit, if there is one. Without one Node reports 0, or more than the machine has. */
function availableMb(): number {
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem()) / 1_024 / 1_024;
}
