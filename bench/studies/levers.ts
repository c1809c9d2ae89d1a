import type { WorkerOptions } from '@temporalio/worker';
import { chooseWorkflowThreads } from '../../platform/temporal/workflow-threads.ts';
import { compare } from './compare.ts';
import { startOrdersInMemory } from './in-memory/orders-in-memory.ts';
import { studyOptions } from './options.ts';

// What do the options of the order service's worker cost or save, one at a time?
//   node bench/studies/levers.ts [--orders N] [--rounds R]
// Carries orders from placed to confirmed on a Temporal server, with services that keep no state. Prints CPU per order
// and orders per second of each option, as ratios to the shipped options. The CPU is this process's: client, worker and
// activities.
const CONCURRENCY = 16;
const ARMS: Record<string, Partial<WorkerOptions>> = {
  'as shipped': {},
  'autoscaling pollers': { workflowTaskPollerBehavior: { type: 'autoscaling' } },
  'two workflow threads': { workflowThreadPoolSize: 2 },
  '200 workflow tasks at once instead of 40': { maxConcurrentWorkflowTaskExecutions: 200 },
  'half the pollers on the shared queue, not a fifth': { nonStickyToStickyPollRatio: 0.5 },
};
const { orders, rounds } = studyOptions({ orders: 60, rounds: 5 });

await chooseWorkflowThreads({ watchdog: 'activation', stackTraces: false });
const stage = await startOrdersInMemory();
await compare(Object.entries(ARMS), rounds, (options) =>
  stage.withWorker(options, () => stage.measure(orders, CONCURRENCY)),
);
await stage.close();
