import { type Started, attributed, load, start } from './measuring.ts';
import { times } from './ratios.ts';
import { type Sample, cpuMsPerOrder } from './result.ts';
import type { Plan } from './rounds.ts';
import type { System } from './systems/system.ts';
import type { World } from './world.ts';

/** Of this checkout, and of another commit. */
export interface Pair<Side> {
  now: Side;
  before: Side;
}

type PairPlan = Pick<Plan, 'rounds' | 'seconds' | 'clientsOf' | 'print'> & { pairs: readonly Pair<System>[] };

// Until hot code is compiled and pools are full.
const WARM_UP_MS = 10_000;
const WARM_UP_CLIENTS = 16;
// Before each measurement, until each client has an open order.
const RAMP_MS = 2_000;

/**
 * In each round both systems of a pair are started, each with a PostgreSQL of its own, and loaded at the same time: two that
 * are loaded one after the other differ by more than what a comparison is to find, because of what else the machine does, and
 * because V8 gives up memory and compiled code of a process that stands idle. In every second round the other one is started
 * first. After each load the ledgers must agree.
 */
export async function runSideBySide(worlds: Pair<World>, plan: PairPlan): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const pair of plan.pairs) {
      plan.print(`round ${round} of ${plan.rounds}: ${pair.now.row} beside ${pair.before.row}`);
      samples.push(...(await measurePair(worlds, plan, { pair, round })));
    }
  }
  return samples;
}

async function measurePair(
  worlds: Pair<World>,
  { seconds, clientsOf, print }: PairPlan,
  { pair, round }: { pair: Pair<System>; round: number },
): Promise<Sample[]> {
  const started: Partial<Pair<Started>> = {};
  const samples: Sample[] = [];
  try {
    for (const side of round % 2 === 1 ? (['now', 'before'] as const) : (['before', 'now'] as const)) {
      const [system, world] = [pair[side], worlds[side]];
      started[side] = await attributed(system, world, () => start(world, system));
    }
    const both = started as Pair<Started>;
    await loadBoth(both, { clients: WARM_UP_CLIENTS, rampMs: 0, measureMs: WARM_UP_MS });
    for (const clients of clientsOf(pair.now)) {
      const { now, before } = await loadBoth(both, { clients, rampMs: RAMP_MS, measureMs: seconds * 1000 });
      samples.push({ ...now, round }, { ...before, round });
      const ratio = cpuMsPerOrder(now) / cpuMsPerOrder(before);
      print(`  ${String(clients).padStart(3)} clients  ${times(ratio)} the CPU an order`);
    }
  } finally {
    await Promise.all(Object.values(started).map(({ stage }) => stage.close()));
  }
  return samples;
}

type Loading = Parameters<typeof load>[1];

async function loadBoth({ now, before }: Pair<Started>, loading: Loading): Promise<Pair<Omit<Sample, 'round'>>> {
  const [ofNow, ofBefore] = await Promise.all([loadOne(now, loading), loadOne(before, loading)]);
  return { now: ofNow, before: ofBefore };
}

const loadOne = (started: Started, loading: Loading): Promise<Omit<Sample, 'round'>> => {
  const { system, stage } = started;
  return attributed(system, stage.world, async () => {
    const { ids: _ids, confirmed: _confirmed, measuredMs, ...measured } = await load(started, loading);
    return { row: system.row, clients: loading.clients, seconds: measuredMs / 1000, ...measured };
  });
};
