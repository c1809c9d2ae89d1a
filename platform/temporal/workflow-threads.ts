import { Worker } from 'node:worker_threads';
import {
  ThreadedVMWorkflowCreator,
  type ThreadedVMWorkflowCreatorOptions,
  WorkerThreadClient,
} from '@temporalio/worker/lib/workflow/threaded-vm.js';

export interface WorkflowThreads {
  /**
   * What stops a workflow that never yields. The SDK creates a watchdog for every `entry` into the isolate: a thread that
   * starts, waits and is joined, for 0.2 ms of CPU, four or five times for each event a workflow receives. One for the
   * whole `activation` has the same limit and the same effect: the workflow task fails and is retried later, and the
   * thread continues with the other workflows.
   */
  watchdog: 'activation' | 'entry';
  /**
   * Whether Temporal can show where in its code a workflow waits (the Web UI's Call Stack). For this the SDK records a
   * stack, through the source map, at every promise a workflow creates.
   */
  stackTraces: boolean;
}

/** Passed to a thread at its start. */
export interface ThreadData {
  limitMs: number;
  stackTraces: boolean;
}

const createSdkThreads = ThreadedVMWorkflowCreator.create.bind(ThreadedVMWorkflowCreator);

/**
 * Sets how workers created from now on in this process run workflows. The SDK has no options for this, so the entry point
 * of its threads is replaced with ours. `node bench/studies/watchdog.ts` shows what each choice costs.
 */
export function chooseWorkflowThreads({ watchdog, stackTraces }: WorkflowThreads): void {
  ThreadedVMWorkflowCreator.create =
    watchdog === 'entry' ? createSdkThreads : (options) => createThreads(options, { stackTraces });
}

async function createThreads(
  { threadPoolSize, logger, patchActivationCallback, ...init }: ThreadedVMWorkflowCreatorOptions,
  { stackTraces }: { stackTraces: boolean },
): Promise<ThreadedVMWorkflowCreator> {
  const workerData: ThreadData = { limitMs: init.isolateExecutionTimeoutMs, stackTraces };
  // Without the preloads of this process: workflows have their own tracing, and the thread starts in half the time.
  const start = () => new Worker(new URL('workflow-thread.ts', import.meta.url), { workerData, execArgv: [] });
  const clients = Array.from(
    { length: threadPoolSize },
    () => new WorkerThreadClient(start(), logger, patchActivationCallback),
  );
  const hasPatchActivationCallback = patchActivationCallback !== undefined;
  await Promise.all(clients.map((client) => client.send({ type: 'init', ...init, hasPatchActivationCallback })));
  return new ThreadedVMWorkflowCreator(clients);
}
