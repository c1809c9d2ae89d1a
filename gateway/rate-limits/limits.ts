import { ConsecutiveBreaker, TimeoutStrategy, circuitBreaker, handleAll, timeout, wrap } from 'cockatiel';
import { type Kysely, sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import type { GatewayDatabase } from '../database.ts';

/** A quota of requests per minute. Callers see its name in the response headers. */
export interface RatePolicy {
  name: string;
  quota: number;
}

/** The state of a caller's quota after a request was counted. */
export interface QuotaState {
  admitted: boolean;
  remaining: number;
  /** Whole seconds until the window ends and the full quota is available again. */
  resetSeconds: number;
}

export type RateLimits = ReturnType<typeof createRateLimits>;

export const WINDOW_SECONDS = 60;

// A lease is an update of one row and takes a millisecond. A request waits for it no longer than this.
const LEASE_TIMEOUT_MS = 500;
// While the database is down, one request a second tries it again; the others do not wait.
const RETRY_DATABASE_MS = 1_000;
// An entry takes 200 bytes. An evicted entry loses its leased points: that allows fewer requests, never more.
const MAX_CALLERS = 50_000;

/** One caller's minute as this replica sees it. */
interface Window {
  endsAtMs: number;
  /** Unused points of the leases so far. */
  left: number;
  /** Points that no replica had leased, as of the last lease. */
  unleased: number;
  used: number;
  waiting: number;
  leasing: Promise<void> | undefined;
}

/**
 * Counts requests over all replicas. Windows are fixed and start with a caller's first request, so that one number says
 * when a window ends. The price: the requests of two windows can follow each other directly.
 *
 * A replica leases points from the database, each time at most as many as it has used already and at most a quarter of
 * the rest. So no quota is ever exceeded, a hundred requests cost 22 round trips, and an idle replica holds no
 * more unused points than it has served requests.
 *
 * While the database is down, each replica counts by itself with the full quota. Reads need no database, so locking
 * everybody out would be the worse outage; without any limit, passwords could be guessed freely.
 */
export function createRateLimits(
  db: Kysely<GatewayDatabase>,
  registry: Registry,
  nowMs: () => number = () => performance.now(),
) {
  const windows = new LRUCache<string, Window>({ max: MAX_CALLERS });
  const metrics = createMetrics(registry);
  const guarded = wrap(
    circuitBreaker(handleAll, { breaker: new ConsecutiveBreaker(1), halfOpenAfter: RETRY_DATABASE_MS }),
    timeout(LEASE_TIMEOUT_MS, TimeoutStrategy.Aggressive),
  );

  const windowOf = (subject: string): Window => {
    const known = windows.get(subject);
    if (known && nowMs() < known.endsAtMs) return known;
    // The first lease sets the end.
    const window = { endsAtMs: Infinity, left: 0, unleased: 1, used: 0, waiting: 0, leasing: undefined };
    windows.set(subject, window);
    return window;
  };

  const lease = async (subject: string, { quota }: RatePolicy, window: Window): Promise<void> => {
    // Taken before the query, so that a lease never outlives its window.
    const startedAtMs = nowMs();
    try {
      const wanted = Math.max(1, window.used, window.waiting);
      const { leased, taken, seconds_left } = await guarded.execute(() => takeLease(db, { subject, quota, wanted }));
      metrics.leases.inc();
      window.left += leased;
      window.unleased = leased === 0 ? 0 : Math.max(0, quota - taken);
      window.endsAtMs = startedAtMs + seconds_left * 1000;
    } catch {
      metrics.alone.inc();
      if (window.endsAtMs === Infinity) window.endsAtMs = startedAtMs + WINDOW_SECONDS * 1000;
      // In small parts too, so that the database is tried again soon.
      const rest = Math.max(0, quota - window.used);
      window.left = Math.min(rest, Math.max(1, Math.min(window.used, Math.floor(rest / 4))));
      window.unleased = rest - window.left;
    }
  };

  return {
    /** Counts one request if a point is left for it. */
    async count(policy: RatePolicy, caller: string): Promise<QuotaState> {
      const subject = `${policy.name} ${caller}`;
      for (;;) {
        const window = windowOf(subject);
        const admitted = window.left > 0;
        if (admitted || window.unleased === 0) {
          if (admitted) {
            window.left -= 1;
            window.used += 1;
          }
          metrics.requests.inc({ policy: policy.name, outcome: admitted ? 'admitted' : 'refused' });
          const resetSeconds = Math.max(1, Math.ceil((window.endsAtMs - nowMs()) / 1000));
          return { admitted, remaining: window.left + window.unleased, resetSeconds };
        }
        window.waiting += 1;
        await (window.leasing ??= lease(subject, policy, window).finally(() => (window.leasing = undefined)));
        window.waiting -= 1;
      }
    },
  };
}

/** Deletes the rows of ended windows. */
export const purgeRateLimits = (db: Kysely<GatewayDatabase>) =>
  db
    .deleteFrom('rate_limits')
    .where(sql<boolean>`window_ends_at < now()`)
    .execute();

interface Lease {
  leased: number;
  taken: number;
  seconds_left: number;
}

/** Leases up to `wanted` of the remaining points, or of a new window if the last one has ended. */
async function takeLease(
  db: Kysely<GatewayDatabase>,
  { subject, quota, wanted }: { subject: string; quota: number; wanted: number },
): Promise<Lease> {
  const first = Math.min(wanted, Math.max(1, Math.floor(quota / 4)));
  const left = sql`greatest(0, ${quota}::integer - held.taken)`;
  const next = sql`least(${wanted}::integer, greatest(1, ${left} / 4), ${left})`;
  const ended = sql`held.window_ends_at <= now()`;
  const { rows } = await sql<Lease>`
    insert into rate_limits as held (subject, taken, leased, window_ends_at)
    values (${subject}, ${first}, ${first}, now() + make_interval(secs => ${WINDOW_SECONDS}))
    on conflict (subject) do update set
      taken = case when ${ended} then excluded.taken else held.taken + ${next} end,
      leased = case when ${ended} then excluded.leased else ${next} end,
      window_ends_at = case when ${ended} then excluded.window_ends_at else held.window_ends_at end
    returning leased, taken, extract(epoch from window_ends_at - now())::float8 as seconds_left`.execute(db);
  return rows[0]!;
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: 'rate_limit_requests_total',
      help: 'Counted requests, by policy and by whether they were admitted or refused',
      labelNames: ['policy', 'outcome'] as const,
      registers,
    }),
    leases: new Counter({
      name: 'rate_limit_leases_total',
      help: 'Round trips to the database to lease points',
      registers,
    }),
    alone: new Counter({
      name: 'rate_limit_alone_total',
      help: 'Times this replica counted by itself because the database did not respond',
      registers,
    }),
  };
}
