import vm from 'node:vm';
import { workerData } from 'node:worker_threads';
import { BaseVMWorkflow, GlobalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import type { ThreadData } from './workflow-threads.ts';

// The entry point of a workflow thread: removes two costs of the SDK, then loads the SDK's own entry point.
// workflow-threads.ts explains why.
const { limitMs, stackTraces } = workerData as ThreadData;

type Completion = Awaited<ReturnType<BaseVMWorkflow['activate']>>;
const runInContext = Reflect.get(vm.Script.prototype, 'runInContext') as (
  this: vm.Script,
  ...args: Parameters<vm.Script['runInContext']>
) => unknown;
const activate = Reflect.get(BaseVMWorkflow.prototype, 'activate');

/** The function that the guarded script runs; set only during that run. */
const guard = globalThis as { guardedActivation?: (() => Promise<Completion>) | undefined };
const guarded = new vm.Script('globalThis.guardedActivation()', { filename: 'guarded-activation' });

/** For the Call Stack of the Web UI, which would show the SDK's error. */
const withoutStackTraces = {
  handler: () =>
    'No stack traces are recorded (WORKFLOW_STACK_TRACES=off).\nUser Metadata > Current Details says what the workflow waits for.',
  description: 'Says where to look, as no stack traces are recorded.',
};

BaseVMWorkflow.prototype.activate = function (activation) {
  guard.guardedActivation = () => activate.call(this, activation);
  const { activator } = this as unknown as { activator: Activator };
  if (!stackTraces) activator.queryHandlers.set('__stack_trace', withoutStackTraces);
  try {
    // An activation is synchronous up to its first await, and all of the workflow's code runs in that part.
    return guarded.runInThisContext({ timeout: limitMs }) as Promise<Completion>;
  } catch (error) {
    // As the SDK does when one of its entries times out: the workflow task fails and is retried.
    return Promise.resolve({ runId: this.runId, failed: { failure: activator.errorToFailure(error) } });
  } finally {
    guard.guardedActivation = undefined;
  }
};

interface Activator {
  errorToFailure(error: unknown): object;
  queryHandlers: Map<string, { handler: () => unknown; description?: string }>;
}

/** Inside a guarded activation an entry is watched already. Outside, as when a workflow is created, it keeps its own watchdog. */
vm.Script.prototype.runInContext = function (context, options) {
  if (!guard.guardedActivation || typeof options !== 'object') return runInContext.call(this, context, options);
  const { timeout: _alreadyWatched, ...rest } = options;
  return runInContext.call(this, context, rest);
};

if (!stackTraces) {
  (GlobalHandlers.prototype as unknown as { setPromiseHook(): void }).setPromiseHook = () => undefined;
}

await import('@temporalio/worker/lib/workflow/workflow-worker-thread.js');
