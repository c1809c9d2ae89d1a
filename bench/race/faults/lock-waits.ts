import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** How long transactions of the inventory service waited for locks that others held. */
export interface LockWaits {
  /** Seconds that all of them waited together. */
  totalSeconds: number;
  /** The longest wait, in seconds. */
  longestSeconds: number;
}

const EVERY_MS = 50;
/** Shorter waits are those for the commit of a transaction that is under way. */
const SHORTEST_MS = 100;

// A process waits for one lock at a time (https://www.postgresql.org/docs/current/view-pg-locks.html).
const WAITING = `
  select pid || ' ' || waitstart as wait, extract(epoch from clock_timestamp() - waitstart)::float8 as seconds
  from pg_locks join pg_stat_activity using (pid)
  where datname = current_database() and not granted
    and clock_timestamp() - waitstart > interval '${SHORTEST_MS} milliseconds'`;

/** Watches the waits in this database during some work, also while PostgreSQL is away in between. */
export async function withLockWaits<Result>(
  connectionString: string,
  work: () => Promise<Result>,
): Promise<{ result: Result; lockWaits: LockWaits }> {
  /** Each wait, with its seconds when it was last seen. */
  const waits = new Map<string, number>();
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) await watchOnce(connectionString, waits, stopping.signal);
  })();
  try {
    const result = await work();
    const seconds = [...waits.values()];
    const totalSeconds = seconds.reduce((sum, one) => sum + one, 0);
    return { result, lockWaits: { totalSeconds, longestSeconds: Math.max(0, ...seconds) } };
  } finally {
    stopping.abort();
    await watching;
  }
}

/** Until stopped or until the connection ends. */
async function watchOnce(connectionString: string, waits: Map<string, number>, signal: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString });
  // The failed query says so as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    while (!signal.aborted) {
      await sleep(EVERY_MS);
      const { rows } = await client.query<{ wait: string; seconds: number }>(WAITING);
      for (const { wait, seconds } of rows) waits.set(wait, seconds);
    }
  } catch {
    // PostgreSQL is away.
    await sleep(EVERY_MS);
  } finally {
    await client.end().catch(() => undefined);
  }
}
