import { setTimeout as sleep } from 'node:timers/promises';

export interface Loop {
  /** Runs the work now instead of at the end of the wait. */
  wake(): void;
  close(): Promise<void>;
}

// setTimeout accepts at most 2^31 ms; the work of a longer wait runs early.
const MAX_WAIT_MS = 60_000;

/**
 * Repeats `work`, which returns the milliseconds to wait until its next run; `wake` ends the wait. `keepDoing` of
 * platform/background.ts has a fixed pause instead, which would delay callbacks.
 */
export function startLoop(work: (closing: AbortSignal) => Promise<number>): Loop {
  const closing = new AbortController();
  let idle = new AbortController();
  const ended = (async () => {
    while (!closing.signal.aborted) {
      // Created before the work, so that a `wake` during the work is not lost.
      idle = new AbortController();
      const waitMs = Math.min(Math.max(await work(closing.signal), 0), MAX_WAIT_MS);
      await sleep(waitMs, undefined, { signal: idle.signal }).catch(() => undefined);
    }
  })();
  return {
    wake: () => idle.abort(),
    async close() {
      closing.abort();
      idle.abort();
      await ended;
    },
  };
}
