import { median } from '../quantiles.ts';
import { measureLife } from './life.ts';
import { type Started, attributed, load, start } from './measuring.ts';
import type { Sale } from './orders.ts';
import { type LifeSample, type Sample, flashOf } from './result.ts';
import type { Stage } from './stage.ts';
import type { System } from './systems/system.ts';
import type { World } from './world.ts';

export interface Plan {
  rounds: number;
  seconds: number;
  /** The numbers of clients with which a system is measured. */
  clientsOf: (system: System) => readonly number[];
  systems: readonly System[];
  /** Whether to measure a flash sale and the whole life of an order, at the systems that take part. */
  flash: boolean;
  life: boolean;
  print: (line: string) => void;
}

export interface Samples {
  samples: Sample[];
  lives: LifeSample[];
}

// After a start code is compiled, and hot code again, and pools fill up: that takes seconds, not a few orders.
const WARM_UP = { clients: 16, rampMs: 0, measureMs: 6_000 };
// Before each measurement, until each client has an open order.
const RAMP_MS = 2_000;

/**
 * In each round every system is started alone, warmed up, measured under every load and stopped; each round begins with
 * another system. After every load all ledgers must agree with what was confirmed to the clients, or the run fails.
 */
export async function runRounds(world: World, plan: Plan): Promise<Samples> {
  const all: Samples = { samples: [], lives: [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    const shift = (round - 1) % plan.systems.length;
    for (const system of [...plan.systems.slice(shift), ...plan.systems.slice(0, shift)]) {
      plan.print(`round ${round} of ${plan.rounds}: ${system.row}`);
      const { samples, lives } = await measureSystem(world, plan, { system, round });
      all.samples.push(...samples);
      all.lives.push(...lives);
    }
  }
  return all;
}

const measureSystem = (
  world: World,
  plan: Plan,
  { system, round }: { system: System; round: number },
): Promise<Samples> =>
  attributed(system, world, async () => {
    const started = await start(world, system);
    const all: Samples = { samples: [], lives: [] };
    try {
      await load(started, WARM_UP);
      for (const { clients, sale } of loadsOf(system, plan)) {
        all.samples.push({ ...(await measure(started, plan, { clients, sale })), round });
      }
      if (plan.life && system.life)
        all.lives.push({ row: system.row, round, ...(await measureLife(started, plan.seconds)) });
      return all;
    } finally {
      await started.stage.close();
    }
  });

interface PlannedLoad {
  clients: number;
  sale: Sale;
}

// What a flash sale costs shows where many orders wait for one row, and every system is measured with that many.
const FLASH_CLIENTS = 64;

function loadsOf(system: System, { clientsOf, flash }: Plan): PlannedLoad[] {
  const numbers = clientsOf(system);
  const spread = numbers.map((clients) => ({ clients, sale: 'spread' as const }));
  if (!flash || !system.flash) return spread;
  const clients = numbers.findLast((number) => number <= FLASH_CLIENTS) ?? FLASH_CLIENTS;
  return [...spread, { clients, sale: 'flash' }];
}

async function measure(
  started: Started,
  { seconds: planned, print }: Plan,
  { clients, sale }: PlannedLoad,
): Promise<Omit<Sample, 'round'>> {
  const { system, stage } = started;
  const {
    ids,
    confirmed: _all,
    measuredMs,
    ...measured
  } = await load(started, {
    clients,
    rampMs: RAMP_MS,
    measureMs: planned * 1000,
    sale,
  });
  const seconds = measuredMs / 1000;
  const rate = (measured.orders / seconds).toFixed(1);
  print(
    `  ${String(clients).padStart(3)} clients  ${rate.padStart(6)} orders/s${sale === 'flash' ? ', flash sale' : ''}`,
  );
  const row = sale === 'flash' ? flashOf(system.row) : system.row;
  return { row, clients, seconds, ...measured, ...(await historyOf(system, stage, ids)) };
}

// The last orders of a load: enough for a median, few enough for the server.
const HISTORIES = 20;

async function historyOf({ historyEvents }: System, stage: Stage, ids: readonly string[]) {
  if (!historyEvents) return {};
  return { historyEvents: median(await Promise.all(ids.slice(-HISTORIES).map((id) => historyEvents(stage, id)))) };
}
