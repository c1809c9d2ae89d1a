import { setTimeout as sleep } from 'node:timers/promises';
import type { Background } from '../background.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Connection } from './connection.ts';

// Services start in two to six seconds. A poll of one that does not listen yet costs its caller up to five milliseconds of
// CPU, so one that stays away is polled less and less often.
const LEAST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 5_000;
const pauseAfter = (waitedMs: number): number => Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, waitedMs / 10));
// By then a service that was started together with this process is up.
const REPORT_AFTER_MS = 30_000;

/**
 * Resolves once the service responds for the first time, or when `signal` is aborted. Processes start in any order, and
 * a service that has not started yet is no fault: it is only reported when it stays away for half a minute.
 */
export async function firstContact(connection: Connection, signal: AbortSignal, logger: Logger): Promise<void> {
  const startedAt = performance.now();
  let reportAt = startedAt + REPORT_AFTER_MS;
  while (!signal.aborted && !(await connection.responds())) {
    if (performance.now() > reportAt) {
      logger.warn('still waiting for a service to start', { waitsFor: connection.service });
      reportAt = Infinity;
    }
    await sleep(pauseAfter(performance.now() - startedAt), undefined, { signal }).catch(() => undefined);
  }
}

/** Starts work in the background that calls a service as soon as the service responds for the first time. */
export function afterFirstContact(connection: Connection, logger: Logger, start: () => Background): Background {
  const closing = new AbortController();
  const started = firstContact(connection, closing.signal, logger).then(() =>
    closing.signal.aborted ? undefined : start(),
  );
  return {
    async close() {
      closing.abort();
      await (await started)?.close();
    },
  };
}
