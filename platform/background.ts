import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './telemetry/logger.ts';

export interface Background {
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/**
 * Does some work again and again until it is closed: at once where there was something to do, else after a pause, also
 * where it failed, which the log then calls `failing`.
 */
export function keepDoing(
  work: (closing: AbortSignal) => Promise<boolean>,
  { pauseMs, failing, logger }: { pauseMs: number; failing: string; logger: Logger },
): Background {
  const closing = new AbortController();
  const { signal } = closing;
  const ended = (async () => {
    while (!signal.aborted) {
      const any = await work(signal).catch((error: unknown) => {
        logger.warn(`${failing}, trying again`, { error });
        return false;
      });
      if (!any) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
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
      if (!failed) logger.warn(`${failing}, trying again`, { error });
      failed = true;
    }
    return false;
  };
  return keepDoing(attempt, { pauseMs: everyMs, failing, logger });
}
