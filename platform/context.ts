import { AsyncLocalStorage } from 'node:async_hooks';

/** Whom the work at hand is for: goes into every log line and on to every service asked. */
export interface WorkContext {
  requestId?: string;
  orderId?: string;
  workflowId?: string;
}

const storage = new AsyncLocalStorage<WorkContext>();

export const workContext = (): WorkContext => storage.getStore() ?? {};

/** Runs `work` with these added to what is known already. */
export const withContext = <Result>(added: WorkContext, work: () => Result): Result =>
  storage.run({ ...workContext(), ...added }, work);

const callingOff = new AsyncLocalStorage<AbortSignal>();

/** Runs `work`, which `signal` may call off. */
export const untilCalledOff = <Result>(signal: AbortSignal, work: () => Result): Result => callingOff.run(signal, work);

/** Aborted once nobody waits any more for the work at hand; undefined where it is always seen to its end. */
export const calledOff = (): AbortSignal | undefined => callingOff.getStore();
