import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './telemetry/logger.ts';

export interface Background {
  /** Stops the work and waits for the current run to end. */
  close(): Promise<void>;
}

/** Work that can be done before its time. */
export interface WakeableBackground extends Background {
  /** Ends the pause, or leaves out the next one. */
  wake(): void;
}

/**
 * Repeats `work` until closed. If it returns true, there may be more to do and it runs again at once; if it returns false
 * or fails, it runs again after `pauseMs`. A failure is logged as `failing`.
 */
export function keepDoing(
  work: (closing: AbortSignal) => Promise<boolean>,
  { pauseMs, failing, logger }: { pauseMs: number; failing: string; logger: Logger },
): Background {
  return loop(async (signal) => {
    const didWork = await work(signal).catch((error: unknown) => {
      logger.warn(`${failing}, retrying`, { error });
      return false;
    });
    return didWork ? 'again' : 'pause';
  }, pauseMs);
}

/** Does some work every `everyMs`, and when woken, until it is closed. Of failures in a row only the first is logged. */
export function repeat(
  work: () => Promise<unknown>,
  { everyMs, failing, logger }: { everyMs: number; failing: string; logger: Logger },
): WakeableBackground {
  const report = firstOfFailures(failing, logger);
  return loop(async () => (report(await failureOf(work)), 'pause'), everyMs);
}

/** Does some work once; after a failure again every `everyMs`, until it succeeds. Only the first failure is logged. */
export function keepTrying(
  work: () => Promise<unknown>,
  { everyMs, failing, logger }: { everyMs: number; failing: string; logger: Logger },
): Background & { hasSucceeded(): boolean } {
  const report = firstOfFailures(failing, logger);
  let succeeded = false;
  const trying = loop(async () => {
    const failure = await failureOf(work);
    report(failure);
    succeeded = !failure;
    return succeeded ? 'end' : 'pause';
  }, everyMs);
  return { ...trying, hasSucceeded: () => succeeded };
}

/** Takes turns until one ends it or it is closed. */
function loop(turn: (closing: AbortSignal) => Promise<'again' | 'pause' | 'end'>, pauseMs: number): WakeableBackground {
  const closing = new AbortController();
  const { signal } = closing;
  // From before the turn, so that who wakes it during the turn is not missed.
  let woken = new AbortController();
  const ended = (async () => {
    while (!signal.aborted) {
      woken = new AbortController();
      const next = await turn(signal);
      if (next === 'end') return;
      if (next === 'pause') await sleep(pauseMs, undefined, { signal: woken.signal }).catch(() => undefined);
    }
  })();
  return {
    wake: () => woken.abort(),
    async close() {
      closing.abort();
      woken.abort();
      await ended;
    },
  };
}

const failureOf = (work: () => Promise<unknown>): Promise<{ error: unknown } | undefined> =>
  work().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );

/** Logs a failure unless the work before it failed too. */
function firstOfFailures(failing: string, logger: Logger): (failure: { error: unknown } | undefined) => void {
  let failed = false;
  return (failure) => {
    if (failure && !failed) logger.warn(`${failing}, retrying`, failure);
    failed = failure !== undefined;
  };
}
