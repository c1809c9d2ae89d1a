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

const WAITING = `
  select count(*)::int as waiting, coalesce(max(extract(epoch from clock_timestamp() - query_start)), 0)::float8 as longest
  from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'
    and clock_timestamp() - query_start > interval '${SHORTEST_MS} milliseconds'`;

/** Watches the waits in this database during some work, also while PostgreSQL is away in between. */
export async function withLockWaits<Result>(
  connectionString: string,
  work: () => Promise<Result>,
): Promise<{ result: Result; lockWaits: LockWaits }> {
  const lockWaits: LockWaits = { totalSeconds: 0, longestSeconds: 0 };
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) await watchOnce(connectionString, lockWaits, stopping.signal);
  })();
  try {
    return { result: await work(), lockWaits };
  } finally {
    stopping.abort();
    await watching;
  }
}

/** Until stopped or until the connection ends. */
async function watchOnce(connectionString: string, waits: LockWaits, signal: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString });
  // The failed query says so as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    let lookedAt = performance.now();
    while (!signal.aborted) {
      await sleep(EVERY_MS);
      const { waiting, longest } = (await client.query<{ waiting: number; longest: number }>(WAITING)).rows[0]!;
      const now = performance.now();
      waits.totalSeconds += (waiting * (now - lookedAt)) / 1_000;
      waits.longestSeconds = Math.max(waits.longestSeconds, longest);
      lookedAt = now;
    }
  } catch {
    // PostgreSQL is away.
    await sleep(EVERY_MS);
  } finally {
    await client.end().catch(() => undefined);
  }
}
