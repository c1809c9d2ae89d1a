import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, cpuSeconds } from '../cpu.ts';
import { median } from '../quantiles.ts';
import { untilHandedOver } from './handover.ts';
import { disagreements } from './ledgers.ts';
import { type OrderEndpoint, type Loaded, drive } from './load.ts';
import { type Totals, add, nothing, orderSeries } from './orders.ts';
import { monotonicMicroseconds } from './profile.ts';
import type { Sample } from './result.ts';
import { type Stage, openStage } from './stage.ts';
import { runAsSuperuser } from './superuser.ts';
import type { System } from './systems/system.ts';
import type { World } from './world.ts';

export interface Plan {
  rounds: number;
  seconds: number;
  clients: readonly number[];
  systems: readonly System[];
  print(line: string): void;
}

/** A system did not start or did not confirm an order, or a ledger disagrees. The message says which. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

// After a start code is compiled, and hot code again, and pools fill up: that takes seconds, not a few orders.
const WARM_UP = { clients: 16, rampMs: 0, measureMs: 6_000 };
// Before each measurement, until each client has an open order.
const RAMP_MS = 2_000;

/**
 * In each round every system is started alone, warmed up, measured under every load and stopped; each round begins with
 * another system. After every load all ledgers must agree with what was confirmed to the clients, or the run fails.
 */
export async function runRounds(world: World, plan: Plan): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    const shift = (round - 1) % plan.systems.length;
    for (const system of [...plan.systems.slice(shift), ...plan.systems.slice(0, shift)]) {
      plan.print(`round ${round} of ${plan.rounds}: ${system.row}`);
      samples.push(...(await measureSystem(world, plan, { system, round })));
    }
  }
  return samples;
}

async function measureSystem(world: World, plan: Plan, { system, round }: { system: System; round: number }) {
  await flush(world);
  const stage = await openStage(world, system.needs, system.root);
  const samples: Sample[] = [];
  const series: Series = { next: orderSeries(crypto.randomUUID()), confirmed: nothing() };
  try {
    const endpoint = await system.start(stage);
    await load(stage, endpoint, { system, ...WARM_UP, series });
    for (const clients of plan.clients) {
      const measureMs = plan.seconds * 1000;
      const loaded = await load(stage, endpoint, { system, clients, rampMs: RAMP_MS, measureMs, series });
      const { lastIds, ...measured } = loaded;
      const history = await historyOf(system, stage, lastIds);
      samples.push({ row: system.row, clients, round, seconds: plan.seconds, ...measured, ...history });
      const rate = (measured.orders / plan.seconds).toFixed(1);
      plan.print(`  ${String(clients).padStart(3)} clients  ${rate.padStart(6)} orders/s`);
    }
  } catch (error) {
    if (world.signal.aborted) throw error;
    throw new RunFailure(`${system.row}: ${(error as Error).message}`, { cause: error });
  } finally {
    await stage.close();
  }
  return samples;
}

async function historyOf({ historyEvents }: System, stage: Stage, ids: readonly string[]) {
  if (!historyEvents) return {};
  return { historyEvents: median(await Promise.all(ids.map((id) => historyEvents(stage, id)))) };
}

/** The orders of one start of a system: the next one, and the totals of those confirmed so far. */
interface Series {
  next: ReturnType<typeof orderSeries>;
  confirmed: Totals;
}

/**
 * One load. The CPU is that of all its orders, from before the first until each confirmed order has its workflow, so that
 * nothing is put off until after the measurement.
 */
async function load(
  stage: Stage,
  endpoint: OrderEndpoint,
  {
    system,
    series,
    ...options
  }: { system: System; clients: number; rampMs: number; measureMs: number; series: Series },
): Promise<Pick<Loaded, 'orders' | 'latenciesMs' | 'lastIds'> & Pick<Sample, 'cpu' | 'carried' | 'measured'>> {
  const { world, processes } = stage;
  const roots = { postgres: world.postgresPid, ...processes.pids() };
  const marks: number[] = [];
  const before = cpuSeconds(roots);
  const { confirmed, ...loaded } = await drive(endpoint, {
    ...options,
    next: series.next,
    signal: world.signal,
    sample: () => marks.push(monotonicMicroseconds()),
  });
  add(series.confirmed, confirmed);
  const { countWorkflows } = system;
  if (countWorkflows) await untilHandedOver(series.confirmed.orders, () => countWorkflows(stage));
  const cpu = cpuBetween(before, cpuSeconds(roots));
  const wrong = await disagreements(series.confirmed, stage.ledgers);
  if (wrong.length > 0) throw new Error(`the ledgers disagree:\n  ${wrong.join('\n  ')}`);
  return { ...loaded, cpu, carried: confirmed.orders, measured: { from: marks[0]!, to: marks[1]! } };
}

const PAUSE_MS = 500;

/** A checkpoint, so that no system writes the dirty pages of the one before. */
async function flush({ superuserUrl, signal }: World): Promise<void> {
  await runAsSuperuser(superuserUrl, ['checkpoint']);
  await sleep(PAUSE_MS, undefined, { signal });
}
