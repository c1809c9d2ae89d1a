import { setTimeout as sleep } from 'node:timers/promises';

export interface Loop {
  /** There may be something to do now. */
  wake(): void;
  close(): Promise<void>;
}

// setTimeout takes no more than 2^31 ms; whoever waits for longer is woken.
const LONGEST_MS = 60_000;

/** Does `work` again and again: each time it says how many milliseconds may pass until the next, unless woken before. */
export function startLoop(work: (closing: AbortSignal) => Promise<number>): Loop {
  const closing = new AbortController();
  let idle = new AbortController();
  const ended = (async () => {
    while (!closing.signal.aborted) {
      // Made before the work: what wakes it meanwhile may have come too late for it.
      idle = new AbortController();
      const waitMs = Math.min(Math.max(await work(closing.signal), 0), LONGEST_MS);
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
