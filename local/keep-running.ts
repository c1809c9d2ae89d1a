import { setTimeout as sleep } from 'node:timers/promises';

/** A process that runs: PostgreSQL, Temporal, or one of ours. */
export interface Part {
  pid: number;
  /** Resolves when the process is gone, asked or not, with what it said last. */
  ended: Promise<string>;
  /** Asks it to finish and waits until it is gone. */
  close(): Promise<void>;
}

export interface Kept<Running extends Part> {
  /** As it runs now: another after it died. */
  current(): Running;
  close(): Promise<void>;
}

// The first try comes at once: most deaths are a one-off. From then on slower, so that one that cannot start
// neither fills the disk with logs nor keeps the machine busy, yet is back within 10 s of the trouble ending.
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran this long had started well. */
const SETTLED_MS = 30_000;

/**
 * Starts something and starts it again whenever it ends unasked. Only the first start may fail;
 * later ones are tried until they work, each told by `report`.
 */
export async function keepRunning<Running extends Part>(
  name: string,
  start: () => Promise<Running>,
  report: (line: string) => void,
): Promise<Kept<Running>> {
  const closing = new AbortController();
  let current = await start();
  const watched = watch();

  async function watch(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const startedAt = Date.now();
      const reason = await current.ended;
      if (closing.signal.aborted) return;
      if (Date.now() - startedAt > SETTLED_MS) pause = FIRST_PAUSE_MS;
      report(`${name} ended unasked: ${reason}`);
      pause = await startAgain(pause);
      if (!closing.signal.aborted) report(`${name} runs again`);
    }
  }

  /** Resolves with the pause that the next death is to wait. */
  async function startAgain(pause: number): Promise<number> {
    for (let next = pause; ; next = Math.min(next * 2, LONGEST_PAUSE_MS)) {
      await sleep(next, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return next;
      try {
        current = await start();
        if (closing.signal.aborted) await current.close();
        return Math.min(next * 2, LONGEST_PAUSE_MS);
      } catch (error) {
        report(`${name} does not start: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  return {
    current: () => current,
    async close() {
      closing.abort();
      await current.close();
      await watched;
    },
  };
}
