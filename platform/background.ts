import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './telemetry/logger.ts';

export interface Background {
  /** Stops the work and waits for the current run to end. */
  close(): Promise<void>;
}

/**
 * Repeats `work` until closed. If it returns true, there may be more to do and it runs again at once; if it returns false
 * or fails, it runs again after `pauseMs`. A failure is logged as `failing`.
 */
export function keepDoing(
  work: (closing: AbortSignal) => Promise<boolean>,
  { pauseMs, failing, logger }: { pauseMs: number; failing: string; logger: Logger },
): Background {
  const closing = new AbortController();
  const { signal } = closing;
  const ended = (async () => {
    while (!signal.aborted) {
      const didWork = await work(signal).catch((error: unknown) => {
        logger.warn(`${failing}, retrying`, { error });
        return false;
      });
      if (!didWork) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async close() {
      closing.abort();
      await ended;
    },
  };
}

/** Does some work every `everyMs` until it is closed. Of failures in a row only the first is logged. */
export function repeat(
  work: () => Promise<unknown>,
  { everyMs, failing, logger }: { everyMs: number; failing: string; logger: Logger },
): Background {
  let failed = false;
  const attempt = async () => {
    try {
      await work();
      failed = false;
    } catch (error) {
      if (!failed) logger.warn(`${failing}, retrying`, { error });
      failed = true;
    }
    return false;
  };
  return keepDoing(attempt, { pauseMs: everyMs, failing, logger });
}
