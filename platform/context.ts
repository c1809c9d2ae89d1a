import { AsyncLocalStorage } from 'node:async_hooks';

/** What the current work belongs to, for log lines, traces and requests to other services. */
export interface WorkContext {
  /** Whose work it is: several services may share a process. */
  service?: string;
  requestId?: string;
  orderId?: string;
  workflowId?: string;
}

const storage = new AsyncLocalStorage<WorkContext>();

export const workContext = (): WorkContext => storage.getStore() ?? {};

/** Runs `work` with `added` merged into the current context. */
export const withContext = <Result>(added: WorkContext, work: () => Result): Result =>
  storage.run({ ...workContext(), ...added }, work);

const cancellation = new AsyncLocalStorage<AbortSignal>();

/** Runs `work`, which `signal` may cancel. */
export const untilCalledOff = <Result>(signal: AbortSignal, work: () => Result): Result =>
  cancellation.run(signal, work);

/** Aborted when nothing waits for the current work any more; undefined where the work cannot be canceled. */
export const calledOff = (): AbortSignal | undefined => cancellation.getStore();
