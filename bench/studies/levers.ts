import type { WorkerOptions } from '@temporalio/worker';
import { chooseWorkflowThreads } from '../../platform/temporal/workflow-threads.ts';
import { compare, numberFrom } from './compare.ts';
import { startOrdersInMemory } from './orders-in-memory.ts';

// `node bench/studies/levers.ts [--orders N] [--rounds R]`: what the worker's options give, one at a time, for orders from
// placed to confirmed on one Temporal server, with services that keep nothing. CPU is this process's: client, worker
// and activities.
const AT_ONCE = 16;
const ARMS: Record<string, Partial<WorkerOptions>> = {
  'as shipped': {},
  'autoscaling pollers': { workflowTaskPollerBehavior: { type: 'autoscaling' } },
  'two workflow threads': { workflowThreadPoolSize: 2 },
  '200 workflow tasks at once instead of 40': { maxConcurrentWorkflowTaskExecutions: 200 },
  'half the pollers on the shared queue, not a fifth': { nonStickyToStickyPollRatio: 0.5 },
};
const orders = numberFrom('--orders', 60);

chooseWorkflowThreads({ watchdog: 'activation', stackTraces: false });
const stage = await startOrdersInMemory();
await compare(Object.entries(ARMS), numberFrom('--rounds', 5), (options) =>
  stage.withWorker(options, () => stage.measure(orders, AT_ONCE)),
);
await stage.close();
