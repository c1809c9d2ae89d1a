import os from 'node:os';
import type { WorkerOptions } from '@temporalio/worker';
import { z } from 'zod';
import { chooseWorkflowThreads } from './workflow-threads.ts';

// What an order that waits at hand adds to its process: a thousand took 190 to 280 MB, with stack traces taken down;
// without, less. `node bench/studies/open-orders.ts` measures it.
const KB_PER_WORKFLOW = 250;
// Of what the machine, or the container, has: the rest is for the activities, the database's pages and the neighbours.
const SHARE = 0.1;
const LEAST_MB = 64;
// Four thousand orders that wait; beyond, a replay of some milliseconds is cheaper than to keep them all at hand.
const MOST_MB = 1_024;

const onOrOff = { error: 'must be on or off' } as const;

/** Of every process that runs workflows. */
export const workflowSettings = {
  /** Memory for workflows that wait. Unset: a tenth of the machine's or container's, from 64 to 1,024 MB. */
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

/** What a worker that runs workflows is made with. How its threads guard them holds for the whole process. */
export function workflowOptions(settings: WorkflowSettings): Pick<WorkerOptions, 'maxCachedWorkflows'> {
  chooseWorkflowThreads({
    watchdog: settings.WORKFLOW_WATCHDOG,
    stackTraces: settings.WORKFLOW_STACK_TRACES === 'on',
  });
  return cacheOf(settings);
}

/**
 * How many workflows a worker keeps at hand. Beyond that the one that was not needed for longest leaves, as an order
 * does that waits for days where there are younger ones; its next piece of news replays it from its history.
 */
export function cacheOf(
  { WORKFLOW_CACHE_MB }: Pick<WorkflowSettings, 'WORKFLOW_CACHE_MB'>,
  memoryMb = availableMb(),
): Pick<WorkerOptions, 'maxCachedWorkflows'> {
  const megabytes = WORKFLOW_CACHE_MB ?? Math.min(MOST_MB, Math.max(LEAST_MB, memoryMb * SHARE));
  // The SDK wants two or more.
  return { maxCachedWorkflows: Math.max(2, Math.floor((megabytes * 1_024) / KB_PER_WORKFLOW)) };
}

/** The container's limit where there is one: without, Node reports 0 or more than any machine has. */
function availableMb(): number {
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem()) / 1_024 / 1_024;
}
