import { Random } from '../../../tools/random.ts';
import { openStage } from '../stage.ts';
import { rowsAsSuperuser } from '../superuser.ts';
import type { Stage } from '../stage.ts';
import type { World } from '../world.ts';
import type { Asked } from './customers.ts';
import type { Fault } from './faults.ts';
import type { Wrong } from './findings.ts';
import { type LockWaits, withLockWaits } from './lock-waits.ts';
import { Proxies } from './proxies/proxies.ts';
import { type Settled, settle } from './settling.ts';
import type { TestedSystem } from './tested-systems.ts';
import { timesOf } from './times.ts';
import { underFault } from './under-fault.ts';

export interface TrialPlan {
  orders: number;
  seed: number;
  /** How often a fault strikes. */
  strikesOf: (fault: Fault) => number;
  /** From the start of the load: code is compiled and pools fill up. No fault strikes, and these orders come on top. */
  warmUpMs: number;
  /** How long to wait, at most, until all is decided. */
  settleMs: number;
  /** How long after that the ledgers are looked at again. */
  secondLookMs: number;
  /** Until what was killed is started again. */
  awayMs: number;
  /** To see that everything works: the fault strikes at once. */
  brief: boolean;
}

/** The orders with which something is wrong. */
export interface WrongOrders {
  orders: number;
  /** How many of them with what; an order may have several. */
  by: Partial<Record<Wrong, number>>;
  /** Of the stuck ones, how many the system itself names, with a reason. */
  named: number;
  /** Some of them, with what the system says. */
  examples: { orderId: string; wrongs: Wrong[]; says?: string }[];
}

/** One system under one fault. */
export interface Trial {
  system: string;
  fault: string;
  seed: number;
  orders: number;
  /** How often each process or connection was hit. */
  hit: Record<string, number>;
  answersLost: number;
  told: Record<Asked['told'], number>;
  /** Orders that were to be confirmed, and that the system rejected. */
  refused: number;
  /** Orders that were under way while a fault was, or whose request or answer it hit. */
  met: number;
  /** The 99th percentile of the time until an answer, of the orders that no fault met and that were confirmed. */
  untouchedP99Ms: number;
  lockWaits: LockWaits;
  /** From the end of the last fault until all that were placed before were decided; absent: something remained. */
  decidedAfterMs?: number;
  /** How long the order that took longest was undecided; absent: one remained so. */
  longestUndecidedMs?: number;
  wrong: WrongOrders;
  /** After a repair by the system's own means; absent where nothing was wrong or where it has none. */
  wrongAfterRepair?: WrongOrders;
}

/** For a system in which nothing goes on without its customers: what is under way ends within its time-outs. */
const AT_ONCE_MS = 6_000;

/** Runs a system under a fault: its customers place orders while the fault strikes, then the ledgers are compared. */
export async function runTrial(
  world: World,
  { system, underFaults }: TestedSystem,
  fault: Fault,
  plan: TrialPlan,
): Promise<Trial> {
  const proxies = new Proxies(new Random(plan.seed));
  const stage = await openStage(world, system.needs, { proxies });
  const timeoutMs = underFaults.resumes ? plan.settleMs : AT_ONCE_MS;
  const settling = { stage, underFaults, timeoutMs, secondLookMs: plan.secondLookMs };
  try {
    const endpoint = await system.start(stage);
    const target = { stage, proxies, underFaults, awayMs: plan.awayMs };
    const { result, lockWaits } = await withLockWaits(stage.ledgers.databaseUrls.inventory, async () => {
      const load = await underFault(endpoint, target, { fault, plan, signal: world.signal });
      return { load, settled: await settle(load, settling) };
    });
    const { load, settled } = result;
    await checkBalances(stage, load.asked, settled);
    const wrong = wrongOrders(settled.wrong, await underFaults.unfinished?.(stage));
    const repair = async () => {
      await underFaults.repair!(stage);
      return wrongOrders((await settle(load, settling)).wrong);
    };
    return {
      system: system.row,
      fault: fault.name,
      seed: plan.seed,
      ...countsOf(load.asked, settled),
      hit: Object.fromEntries([...Map.groupBy(load.strikes, ({ hit }) => hit)].map(([hit, all]) => [hit, all.length])),
      answersLost: proxies.counts.lost,
      ...timesOf(load, { settled, touched: proxies.touched, warmUpMs: plan.warmUpMs }),
      lockWaits,
      wrong,
      ...(wrong.orders > 0 && underFaults.repair && { wrongAfterRepair: await repair() }),
    };
  } finally {
    await stage.close();
  }
}

const EXAMPLES = 5;

function wrongOrders(wrong: Settled['wrong'], unfinished: ReadonlyMap<string, string> = new Map()): WrongOrders {
  const stuck = [...wrong].filter(([, wrongs]) => wrongs.includes('stuck'));
  const kinds = Map.groupBy([...wrong.values()].flat(), (kind) => kind);
  return {
    orders: wrong.size,
    by: Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length])),
    named: stuck.filter(([orderId]) => unfinished.has(orderId)).length,
    examples: [...wrong].slice(0, EXAMPLES).map(([orderId, wrongs]) => {
      const says = unfinished.get(orderId);
      return { orderId, wrongs, ...(says !== undefined && { says }) };
    }),
  };
}

function countsOf(asked: readonly Asked[], { standings }: Settled) {
  const count = (told: Asked['told']) => asked.filter((one) => one.told === told).length;
  const isRefused = ({ refusal, order }: Asked) =>
    refusal === undefined && standings.of(order.orderId).status === 'rejected';
  return {
    orders: asked.length,
    told: { confirmed: count('confirmed'), rejected: count('rejected'), nothing: count('nothing') },
    refused: asked.filter(isRefused).length,
  };
}

/** Stock as its ledger says, to the piece, and no effect of an order that nobody has placed: otherwise the run is worthless. */
async function checkBalances({ ledgers }: Stage, asked: readonly Asked[], { standings }: Settled): Promise<void> {
  const wrong = await rowsAsSuperuser(
    ledgers.databaseUrls.inventory,
    `select sku from stock left join (
       select sku, sum(reserved_delta) as reserved from stock_ledger group by sku) as ledger using (sku)
     where stock.reserved <> coalesce(ledger.reserved, 0)`,
  );
  if (wrong.length > 0)
    throw new Error(`the stock of ${wrong.map(({ sku }) => String(sku)).join(', ')} is not as its ledger says`);
  const placed = new Set(asked.map(({ order }) => order.orderId));
  const strangers = standings.orderIds.filter((orderId) => !placed.has(orderId));
  if (strangers.length > 0) throw new Error(`the ledgers have orders that nobody placed: ${strangers.join(', ')}`);
}
