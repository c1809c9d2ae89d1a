import { Worker } from 'node:worker_threads';
import {
  ThreadedVMWorkflowCreator,
  type ThreadedVMWorkflowCreatorOptions,
  WorkerThreadClient,
} from '@temporalio/worker/lib/workflow/threaded-vm.js';

export interface WorkflowThreads {
  /**
   * What a workflow that never yields is stopped by. The SDK makes a watchdog for every `entry` into the isolate: a
   * thread that starts, waits and is joined, for 0.2 ms of CPU, four or five times for each piece of news a workflow
   * gets. One for the whole `activation` has the same limit and the same consequence: the workflow task fails, is
   * tried again later, and the thread goes on with the other workflows.
   */
  watchdog: 'activation' | 'entry';
  /**
   * Whether Temporal can be asked where in its code a workflow waits (the Web UI's Call Stack). To know it the SDK
   * takes down a stack, through the source map, at every promise a workflow makes.
   */
  stackTraces: boolean;
}

/** What a thread is told at its start. */
export interface ThreadData {
  limitMs: number;
  stackTraces: boolean;
}

const sdksOwn = ThreadedVMWorkflowCreator.create.bind(ThreadedVMWorkflowCreator);

/**
 * How the workers that are made from now on in this process run workflows. The SDK has no options for it, so the file
 * its threads run is exchanged for ours. `node bench/studies/watchdog.ts` shows what each choice costs.
 */
export function chooseWorkflowThreads({ watchdog, stackTraces }: WorkflowThreads): void {
  ThreadedVMWorkflowCreator.create =
    watchdog === 'entry' ? sdksOwn : (options) => createThreads(options, { stackTraces });
}

async function createThreads(
  { threadPoolSize, logger, patchActivationCallback, ...init }: ThreadedVMWorkflowCreatorOptions,
  { stackTraces }: { stackTraces: boolean },
): Promise<ThreadedVMWorkflowCreator> {
  const workerData: ThreadData = { limitMs: init.isolateExecutionTimeoutMs, stackTraces };
  // Without the preloads of this process: a workflow traces in its own way, and its thread starts in half the time.
  const start = () => new Worker(new URL('workflow-thread.ts', import.meta.url), { workerData, execArgv: [] });
  const clients = Array.from(
    { length: threadPoolSize },
    () => new WorkerThreadClient(start(), logger, patchActivationCallback),
  );
  const hasPatchActivationCallback = patchActivationCallback !== undefined;
  await Promise.all(clients.map((client) => client.send({ type: 'init', ...init, hasPatchActivationCallback })));
  return new ThreadedVMWorkflowCreator(clients);
}
