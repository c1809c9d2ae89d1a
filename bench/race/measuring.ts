import { setTimeout as sleep } from 'node:timers/promises';
import { type CpuSeconds, cpuBetween, cpuSeconds } from '../cpu.ts';
import { type Told, disagreements } from './ledgers.ts';
import { type Loaded, type OrderEndpoint, drive } from './load.ts';
import { type Sale, add, nothing, orderSeries } from './orders.ts';
import { monotonicMicroseconds } from './profile.ts';
import type { Sample } from './result.ts';
import { type Stage, openStage } from './stage.ts';
import { runAsSuperuser } from './superuser.ts';
import type { System } from './systems/system.ts';
import { untilCounted } from './until.ts';
import type { World } from './world.ts';

/** One start of a system, with what was told of its orders so far. */
export interface Started {
  system: System;
  stage: Stage;
  endpoint: OrderEndpoint;
  /** Places the next order of each kind of sale. */
  next: Readonly<Record<Sale, ReturnType<typeof orderSeries>>>;
  told: Told;
}

/** A system did not start or did not confirm an order, or a ledger disagrees. The message says which. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

/** Names the system in the error of what it does. */
export async function attributed<Result>(system: System, world: World, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (world.signal.aborted) throw error;
    throw new RunFailure(`${system.row}: ${(error as Error).message}`, { cause: error });
  }
}

/** Opens a stage for the system and starts it there. */
export async function start(world: World, system: System): Promise<Started> {
  await flush(world);
  const stage = await openStage(world, system.needs, { root: system.root });
  try {
    const endpoint = await system.start(stage);
    const customerId = crypto.randomUUID();
    const next = { spread: orderSeries(customerId), flash: orderSeries(customerId, 'flash') };
    return { system, stage, endpoint, next, told: { confirmed: nothing(), delivered: nothing() } };
  } catch (error) {
    await stage.close();
    throw error;
  }
}

const PAUSE_MS = 500;

/** A checkpoint, so that no system writes the dirty pages of the one before. */
async function flush({ superuserUrl, signal }: World): Promise<void> {
  await runAsSuperuser(superuserUrl, ['checkpoint']);
  await sleep(PAUSE_MS, undefined, { signal });
}

interface Load {
  clients: number;
  rampMs: number;
  measureMs: number;
  sale?: Sale;
}

type Measured = Pick<Loaded, 'orders' | 'measuredMs' | 'latenciesMs' | 'ids' | 'confirmed'> &
  Pick<Sample, 'cpu' | 'carried' | 'atOnce' | 'measured'>;

/**
 * One load. The CPU is that of all its orders, from before the first until nothing is left to do for any of them, so that
 * nothing is put off until after the measurement. Then all ledgers must agree with what was confirmed to the clients.
 */
export async function load(started: Started, { sale = 'spread', ...options }: Load): Promise<Measured> {
  const { stage, endpoint, told } = started;
  const marks: number[] = [];
  const countAtOnce = () => started.system.countAtOnce?.(stage);
  const atOnceBefore = await countAtOnce();
  const { result: loaded, cpu } = await withCpu(stage, async () => {
    const driven = await drive(endpoint, {
      ...options,
      next: started.next[sale],
      signal: stage.world.signal,
      sample: () => marks.push(monotonicMicroseconds()),
    });
    add(told.confirmed, driven.confirmed);
    await untilHandedOver(started);
    return driven;
  });
  await checkLedgers(started);
  const atOnce = await countAtOnce();
  return {
    ...loaded,
    cpu,
    carried: loaded.confirmed.orders,
    ...(atOnce !== undefined && { atOnce: atOnce - atOnceBefore! }),
    measured: { from: marks[0]!, to: marks[1]! },
  };
}

/** The CPU of all processes during some work. */
export async function withCpu<Result>(
  { world, processes }: Stage,
  work: () => Promise<Result>,
): Promise<{ result: Result; cpu: CpuSeconds }> {
  const roots = { postgres: world.postgresPid, ...processes.pids() };
  const before = cpuSeconds(roots);
  const result = await work();
  return { result, cpu: cpuBetween(before, cpuSeconds(roots)) };
}

// What is left to do after an order's response is done while the next orders are placed, and at the latest then.
const HAND_OVER_MS = 10_000;

/**
 * Waits until nothing is left to do for the confirmed orders: until there is one workflow for each, without which nobody
 * would carry it on, or until no order has work that goes on after its response.
 */
async function untilHandedOver({ system, stage, told }: Started): Promise<void> {
  const { countWorkflows, countUnfinished } = system;
  const { orders } = told.confirmed;
  if (countWorkflows)
    await untilCounted(orders, {
      count: () => countWorkflows(stage),
      timeoutMs: HAND_OVER_MS,
      wrong: (found) => `there are ${found} workflows for ${orders} confirmed orders`,
    });
  if (countUnfinished)
    await untilCounted(0, {
      count: () => countUnfinished(stage),
      timeoutMs: HAND_OVER_MS,
      wrong: (found) => `${found} orders are not finished`,
    });
}

export async function checkLedgers({ stage, told }: Started): Promise<void> {
  const wrong = await disagreements(told, stage.ledgers);
  if (wrong.length > 0) throw new Error(`the ledgers disagree:\n  ${wrong.join('\n  ')}`);
}
