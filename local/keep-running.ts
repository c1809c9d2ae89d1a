import { setTimeout as sleep } from 'node:timers/promises';

/** A running process: PostgreSQL, Temporal, or one of the platform. */
export interface RunningProcess {
  pid: number;
  /** Resolves with the reason when the process has ended, whether it was stopped or not. */
  ended: Promise<string>;
  /** Stops the process and waits until it has ended. */
  close(): Promise<void>;
}

export interface SupervisedProcess<Process extends RunningProcess> {
  /** The current process; a new one after a restart. */
  current(): Process;
  close(): Promise<void>;
}

// The first restart comes at once: most failures are a one-off. Later ones are slower, so that a process that cannot
// start neither fills the disk with logs nor keeps the machine busy, yet is back within 10 s of the cause being fixed.
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;
/** A process that ran this long counts as successfully started. */
const STABLE_MS = 30_000;

/**
 * Starts a process and restarts it whenever it ends unexpectedly. Fails if the first start fails; later ones are retried
 * until they succeed. `report` receives a line about each restart.
 */
export async function keepRunning<Process extends RunningProcess>(
  name: string,
  start: () => Promise<Process>,
  report: (line: string) => void,
): Promise<SupervisedProcess<Process>> {
  const closing = new AbortController();
  let current = await start();
  const watched = watch();

  async function watch(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const startedAt = Date.now();
      const reason = await current.ended;
      if (closing.signal.aborted) return;
      if (Date.now() - startedAt > STABLE_MS) pause = FIRST_PAUSE_MS;
      report(`${name} ended unexpectedly: ${reason}`);
      pause = await restart(pause);
      if (!closing.signal.aborted) report(`${name} runs again`);
    }
  }

  /** Resolves with the pause before the next restart. */
  async function restart(pause: number): Promise<number> {
    for (let next = pause; ; next = Math.min(next * 2, MAX_PAUSE_MS)) {
      await sleep(next, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return next;
      try {
        current = await start();
        if (closing.signal.aborted) await current.close();
        return Math.min(next * 2, MAX_PAUSE_MS);
      } catch (error) {
        report(`${name} could not start: ${error instanceof Error ? error.message : String(error)}`);
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
