import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../../tools/random.ts';
import type { OrderEndpoint } from '../load.ts';
import { type Asked, serveCustomers } from './customers.ts';
import type { Fault, Target } from './faults.ts';
import { orderMix } from './order-mix.ts';
import type { TrialPlan } from './trial.ts';

/** Times are milliseconds since the start of the load. */
export interface Strike {
  hit: string;
  from: number;
  until: number;
}

/** What was placed under a fault, and when the fault struck. */
export interface FaultyLoad {
  asked: Asked[];
  strikes: Strike[];
  /** When the load began, as milliseconds since 1970. */
  startedAt: number;
  /** Milliseconds since the start of the load. */
  now: () => number;
  /** When everything ran again after the last fault. */
  faultsEndedAt: number;
}

/**
 * Places orders until enough are placed and the fault has struck often enough. Its strikes are spread over the orders: the
 * first comes at once, the last when enough are placed, and nothing is placed after it. The seed decides when, what and who leaves, by
 * series of their own, so that they do not depend on each other.
 */
export async function underFault(
  endpoint: OrderEndpoint,
  target: Omit<Target, 'random'>,
  { fault, plan, signal }: { fault: Fault; plan: TrialPlan; signal: AbortSignal },
): Promise<FaultyLoad> {
  const random = new Random(plan.seed);
  const startedAt = Date.now();
  const beganAt = performance.now();
  const now = () => performance.now() - beganAt;
  const load: FaultyLoad = { asked: [], strikes: [], startedAt, now, faultsEndedAt: 0 };
  const failed = new AbortController();
  const stopped = AbortSignal.any([signal, failed.signal]);
  const strikes = plan.strikesOf(fault);
  /** Orders that were placed before the fault began. */
  let warmUp = Infinity;
  const placed = () => load.asked.length - warmUp;
  const isEnough = () => placed() >= plan.orders && load.strikes.length >= strikes;
  const isDue = () =>
    load.strikes.length < strikes && placed() >= (plan.orders * load.strikes.length) / Math.max(1, strikes - 1);
  const striking = strikeUntilEnough();
  // A process that does not come back ends the trial.
  striking.catch((error: unknown) => failed.abort(error));
  await serveCustomers(endpoint, {
    clients: fault.clients,
    next: orderMix(crypto.randomUUID()),
    more: () => !isEnough(),
    done: (asked) => load.asked.push(asked),
    now,
    random: new Random(plan.seed + 1),
    signal: stopped,
  });
  await striking;
  signal.throwIfAborted();
  return load;

  async function strikeUntilEnough(): Promise<void> {
    await sleep(plan.warmUpMs, undefined, { signal: stopped });
    warmUp = load.asked.length;
    fault.begin?.(target);
    while (!isEnough()) {
      const due = isDue();
      await sleep(due && !plan.brief ? random.within(fault.pauseMs) : CHECK_MS, undefined, { signal: stopped });
      if (!due) continue;
      const from = now();
      const hit = await fault.strike!({ ...target, random });
      if (hit !== undefined) load.strikes.push({ hit, from, until: now() });
    }
    target.proxies.loseAnswers(0);
    load.faultsEndedAt = now();
  }
}

/** How often to see whether enough orders are placed. */
const CHECK_MS = 100;
