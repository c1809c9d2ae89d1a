import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../studies/compare.ts';
import { type CpuSeconds, cpuSeconds, spent } from './cpu.ts';
import { disagreements } from './ledgers.ts';
import { type Door, type Loaded, drive } from './load.ts';
import { type Totals, add, nothing, orderSeries } from './orders.ts';
import { monotonicMicroseconds } from './profile.ts';
import type { Sample } from './result.ts';
import { type Stage, openStage } from './stage.ts';
import { asSuperuser } from './superuser.ts';
import type { System } from './systems/system.ts';
import type { World } from './world.ts';

export interface Plan {
  rounds: number;
  seconds: number;
  clients: readonly number[];
  systems: readonly System[];
  say(line: string): void;
}

/** A system did not start, did not confirm an order, or a ledger disagrees. The message says which. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

// A start compiles everything and fills every pool, and what is hot gets compiled again: seconds, not a few orders.
const WARM_UP = { clients: 16, rampMs: 0, measureMs: 6_000 };
// Between two loads, until as many are under way as there are clients.
const RAMP_MS = 2_000;

/**
 * Round by round, each system is started alone, warmed up, put under every load and stopped; each round begins with
 * another one. After every load all ledgers must say what the clients were told, or the run fails.
 */
export async function runRounds(world: World, plan: Plan): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    const shift = (round - 1) % plan.systems.length;
    for (const system of [...plan.systems.slice(shift), ...plan.systems.slice(0, shift)]) {
      plan.say(`round ${round} of ${plan.rounds}: ${system.row}`);
      samples.push(...(await measureSystem(world, plan, { system, round })));
    }
  }
  return samples;
}

async function measureSystem(world: World, plan: Plan, { system, round }: { system: System; round: number }) {
  await settle(world);
  const stage = await openStage(world, system.needs);
  const samples: Sample[] = [];
  const book: Book = { next: orderSeries(crypto.randomUUID()), told: nothing() };
  try {
    const door = await system.start(stage);
    await load(stage, door, { ...WARM_UP, book });
    for (const clients of plan.clients) {
      const loaded = await load(stage, door, { clients, rampMs: RAMP_MS, measureMs: plan.seconds * 1000, book });
      const { lastIds, ...measured } = loaded;
      const history = await historyOf(system, stage, lastIds);
      samples.push({ row: system.row, clients, round, seconds: plan.seconds, ...measured, ...history });
      const rate = (measured.orders / plan.seconds).toFixed(1);
      plan.say(`  ${String(clients).padStart(3)} clients  ${rate.padStart(6)} orders/s`);
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

/** The next order, and all that was confirmed since this system was started. */
interface Book {
  next: ReturnType<typeof orderSeries>;
  told: Totals;
}

async function load(
  stage: Stage,
  door: Door,
  { book, ...options }: { clients: number; rampMs: number; measureMs: number; book: Book },
): Promise<Pick<Loaded, 'orders' | 'latenciesMs' | 'lastIds'> & Pick<Sample, 'cpu' | 'measured'>> {
  const { world, processes } = stage;
  const marks: { at: number; cpu: CpuSeconds }[] = [];
  const roots = { postgres: world.postgresPid, ...processes.pids() };
  const sample = () => marks.push({ at: monotonicMicroseconds(), cpu: cpuSeconds(roots) });
  const { confirmed, ...loaded } = await drive(door, { ...options, next: book.next, signal: world.signal, sample });
  add(book.told, confirmed);
  const wrong = await disagreements(book.told, stage.ledgers);
  if (wrong.length > 0) throw new Error(`the ledgers disagree:\n  ${wrong.join('\n  ')}`);
  const [begin, end] = [marks[0]!, marks[1]!];
  return { ...loaded, cpu: spent(begin.cpu, end.cpu), measured: { from: begin.at, to: end.at } };
}

const SETTLE_MS = 500;

/** One system's unwritten pages are not the next one's to write. */
async function settle({ superuserUrl, signal }: World): Promise<void> {
  await asSuperuser(superuserUrl, ['checkpoint']);
  await sleep(SETTLE_MS, undefined, { signal });
}
