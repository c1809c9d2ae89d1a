import vm from 'node:vm';
import { workerData } from 'node:worker_threads';
import { BaseVMWorkflow, GlobalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import type { ThreadData } from './workflow-threads.ts';

// What a workflow thread runs: the SDK's own file, loaded last, with two of its costs taken out first.
// workflow-threads.ts says why.
const { limitMs, stackTraces } = workerData as ThreadData;

type Completion = Awaited<ReturnType<BaseVMWorkflow['activate']>>;
const runInContext = Reflect.get(vm.Script.prototype, 'runInContext') as (
  this: vm.Script,
  ...given: Parameters<vm.Script['runInContext']>
) => unknown;
const activate = Reflect.get(BaseVMWorkflow.prototype, 'activate');

/** Where the guarded script finds what to run; set only for the length of that run. */
const guard = globalThis as { guardedActivation?: (() => Promise<Completion>) | undefined };
const guarded = new vm.Script('globalThis.guardedActivation()', { filename: 'guarded-activation' });

BaseVMWorkflow.prototype.activate = function (activation) {
  guard.guardedActivation = () => activate.call(this, activation);
  try {
    // Up to its first await an activation is one synchronous piece, and all of the workflow's code runs in that piece.
    return guarded.runInThisContext({ timeout: limitMs }) as Promise<Completion>;
  } catch (error) {
    // As the SDK answers when one of its entries runs out of time: the workflow task fails and is tried again.
    const { activator } = this as unknown as { activator: Activator };
    return Promise.resolve({ runId: this.runId, failed: { failure: activator.errorToFailure(error) } });
  } finally {
    guard.guardedActivation = undefined;
  }
};

interface Activator {
  errorToFailure(error: unknown): object;
}

/** Within a guarded activation an entry is watched already; by itself, as when a workflow is made, it keeps its own watchdog. */
vm.Script.prototype.runInContext = function (context, options) {
  if (!guard.guardedActivation || typeof options !== 'object') return runInContext.call(this, context, options);
  const { timeout: _watchedAlready, ...rest } = options;
  return runInContext.call(this, context, rest);
};

if (!stackTraces) {
  (GlobalHandlers.prototype as unknown as { setPromiseHook(): void }).setPromiseHook = () => undefined;
}

await import('@temporalio/worker/lib/workflow/workflow-worker-thread.js');
