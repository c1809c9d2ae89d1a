import { ConsecutiveBreaker, TimeoutStrategy, circuitBreaker, handleAll, timeout, wrap } from 'cockatiel';
import { type Kysely, sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import type { GatewayDatabase } from '../database.ts';

/** So many requests a minute; the name is what callers are told. */
export interface RatePolicy {
  name: string;
  quota: number;
}

/** How a caller stands after a request was counted. */
export interface Standing {
  admitted: boolean;
  remaining: number;
  /** Whole seconds until the window is over and the whole quota there again. */
  resetSeconds: number;
}

export type RateLimits = ReturnType<typeof createRateLimits>;

export const WINDOW_SECONDS = 60;

// A lease is one row's update and takes a millisecond; whoever waits for it waits with a request in hand.
const LEASE_TIMEOUT_MS = 500;
// While the database is down one request a second finds out whether it is back; the others do not wait.
const LOOK_AGAIN_MS = 1_000;
// An entry takes 200 bytes. One that is pushed out takes its leased points with it: fewer are allowed, never more.
const MOST_REMEMBERED = 50_000;

/** One caller's minute as this replica sees it. */
interface Window {
  endsAtMs: number;
  /** Points of the lease at hand. */
  left: number;
  /** Points that nobody had leased when last heard. */
  unleased: number;
  used: number;
  waiting: number;
  leasing: Promise<void> | undefined;
}

/**
 * Counts requests for all replicas together. A window is fixed and starts with a caller's first request, so that one
 * number says exactly when it is over; the price is that two windows' requests may come back to back.
 *
 * The database hands out points by leases, each at most what a replica has used already and a quarter of what is
 * left: nobody's quota is ever exceeded, a hundred requests cost some fifteen round trips, and what an idle replica
 * holds unused is no more than what it was asked before.
 *
 * While the database does not answer each replica counts for itself, with the whole quota: reads need no database, and
 * a limit that locked everybody out would be the worse outage; with none, passwords could be tried freely meanwhile.
 */
export function createRateLimits(
  db: Kysely<GatewayDatabase>,
  registry: Registry,
  nowMs: () => number = () => performance.now(),
) {
  const windows = new LRUCache<string, Window>({ max: MOST_REMEMBERED });
  const figures = createFigures(registry);
  const guarded = wrap(
    circuitBreaker(handleAll, { breaker: new ConsecutiveBreaker(1), halfOpenAfter: LOOK_AGAIN_MS }),
    timeout(LEASE_TIMEOUT_MS, TimeoutStrategy.Aggressive),
  );

  const windowOf = (subject: string): Window => {
    const known = windows.get(subject);
    if (known && nowMs() < known.endsAtMs) return known;
    // Until the first lease says when it ends, it ends never.
    const window = { endsAtMs: Infinity, left: 0, unleased: 1, used: 0, waiting: 0, leasing: undefined };
    windows.set(subject, window);
    return window;
  };

  const lease = async (subject: string, { quota }: RatePolicy, window: Window): Promise<void> => {
    // Counted from before the question, so that a lease never outlives the window that it is part of.
    const askedAtMs = nowMs();
    try {
      const wanted = Math.max(1, window.used, window.waiting);
      const { leased, taken, seconds_left } = await guarded.execute(() => takeLease(db, { subject, quota, wanted }));
      figures.leases.inc();
      window.left += leased;
      window.unleased = leased === 0 ? 0 : Math.max(0, quota - taken);
      window.endsAtMs = askedAtMs + seconds_left * 1000;
    } catch {
      figures.alone.inc();
      if (window.endsAtMs === Infinity) window.endsAtMs = askedAtMs + WINDOW_SECONDS * 1000;
      // In small parts too, so that the database is asked again soon.
      const rest = Math.max(0, quota - window.used);
      window.left = Math.min(rest, Math.max(1, Math.min(window.used, Math.floor(rest / 4))));
      window.unleased = rest - window.left;
    }
  };

  return {
    /** Counts one request, where there is a point left for it. */
    async count(policy: RatePolicy, who: string): Promise<Standing> {
      const subject = `${policy.name} ${who}`;
      for (;;) {
        const window = windowOf(subject);
        const admitted = window.left > 0;
        if (admitted || window.unleased === 0) {
          if (admitted) {
            window.left -= 1;
            window.used += 1;
          }
          figures.requests.inc({ policy: policy.name, outcome: admitted ? 'admitted' : 'refused' });
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

/** Forgets whose window is over. */
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

/** Takes up to `wanted` points of what is left, or of a new window where the last one is over. */
async function takeLease(
  db: Kysely<GatewayDatabase>,
  { subject, quota, wanted }: { subject: string; quota: number; wanted: number },
): Promise<Lease> {
  const first = Math.min(wanted, Math.max(1, Math.floor(quota / 4)));
  const left = sql`greatest(0, ${quota}::integer - held.taken)`;
  const next = sql`least(${wanted}::integer, greatest(1, ${left} / 4), ${left})`;
  const over = sql`held.window_ends_at <= now()`;
  const { rows } = await sql<Lease>`
    insert into rate_limits as held (subject, taken, leased, window_ends_at)
    values (${subject}, ${first}, ${first}, now() + make_interval(secs => ${WINDOW_SECONDS}))
    on conflict (subject) do update set
      taken = case when ${over} then excluded.taken else held.taken + ${next} end,
      leased = case when ${over} then excluded.leased else ${next} end,
      window_ends_at = case when ${over} then excluded.window_ends_at else held.window_ends_at end
    returning leased, taken, extract(epoch from window_ends_at - now())::float8 as seconds_left`.execute(db);
  return rows[0]!;
}

function createFigures(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: 'rate_limit_requests_total',
      help: 'Requests that were counted, by policy and by whether they were let through',
      labelNames: ['policy', 'outcome'] as const,
      registers,
    }),
    leases: new Counter({ name: 'rate_limit_leases_total', help: 'Round trips for points', registers }),
    alone: new Counter({
      name: 'rate_limit_alone_total',
      help: 'Times this replica went on counting for itself because the database did not answer',
      registers,
    }),
  };
}
