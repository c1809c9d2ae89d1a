import { Worker } from 'node:worker_threads';
import {
  ThreadedVMWorkflowCreator,
  type ThreadedVMWorkflowCreatorOptions,
  WorkerThreadClient,
} from '@temporalio/worker/lib/workflow/threaded-vm.js';
import type { ThreadData, WorkflowThreads } from './workflow-threads.ts';

// Built on the SDK's internals: workflow-threads.ts loads it only for versions of the SDK that it was tested with.
const createSdkThreads = ThreadedVMWorkflowCreator.create.bind(ThreadedVMWorkflowCreator);

/** Replaces the entry point of the SDK's threads with ours, or restores the SDK's. */
export function replaceThreads({ watchdog, stackTraces }: WorkflowThreads): void {
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
