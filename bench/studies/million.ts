import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { OrderRequests } from '../../activities/order.ts';
import type { OrderFilter } from '../../activities/order-search.ts';
import { startPostgres } from '../../local/postgres.ts';
import { createOrderRequests } from '../../services/order/requests.ts';
import { OrderWatcher } from '../../services/order/order-watcher.ts';
import { print } from '../../tools/command-line.ts';
import { forEach } from '../../tools/for-each.ts';
import { median } from '../quantiles.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { POPULAR_SKU, WHOLESALER } from './many-orders.ts';
import { placeOrder } from './million/place.ts';
import { type Stage, startStage } from './million/stage.ts';
import { explained } from './plans.ts';
import { saveResult } from './save-result.ts';

// Does placing an order take longer when many orders are stored?
//   npm run bench:million [-- FEW [MANY]]
// Fills two databases on one PostgreSQL, one with few orders and one with many, and places orders at both in turns.
// Prints the ratio of the times per order, called directly and over HTTP, and the plan of every list with many orders.
// BENCH_JSON names a file for the result.
const [FEW = 10_000, MANY = 1_000_000] = process.argv.slice(2).map(Number);
const ROUNDS = 15;
const ORDERS_PER_ROUND = 200;
const CONCURRENCY = 4;
const WAYS = ['direct', 'http'] as const;
type Way = (typeof WAYS)[number];

const folder = scratchFolder();
const postgres = await startPostgres({ folder: path.join(folder.path, 'postgres'), port: 0 });
const stages: Stage[] = [];
try {
  for (const stored of [FEW, MANY]) stages.push(await startStage(postgres.url, stored));
  const [few, many] = stages as [Stage, Stage];
  const placing = [];
  for (const way of WAYS) placing.push(await comparePlacing(few, many, way));
  const plans = await printPlans(many);
  const reports = await timeReports(many);
  saveResult({ few: FEW, many: MANY, placing, plans, reports });
} finally {
  for (const stage of stages) await stage.close();
  await postgres.close();
  folder.remove();
}

async function comparePlacing(few: Stage, many: Stage, way: Way) {
  const [fewTimes, manyTimes]: [number[], number[]] = [[], []];
  for (const stage of [few, many]) await msPerOrder(stage, way);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = round % 2 === 0 ? [few, many] : [many, few];
    for (const stage of turns) (stage === few ? fewTimes : manyTimes).push(await msPerOrder(stage, way));
  }
  const ratio = median(manyTimes.map((ms, round) => ms / fewTimes[round]!));
  const [fewMs, manyMs] = [median(fewTimes), median(manyTimes)];
  print(
    `placing, ${way}: ${ratio.toFixed(3)} × (${MANY} and ${FEW} stored; median of ${ROUNDS} pairs of rounds; ` +
      `${fewMs.toFixed(2)} and ${manyMs.toFixed(2)} ms per order, ${CONCURRENCY} at a time)`,
  );
  return { way, ratio, fewMs, manyMs };
}

async function msPerOrder(stage: Stage, way: Way): Promise<number> {
  const startedAt = performance.now();
  await forEach(Array(ORDERS_PER_ROUND).keys(), CONCURRENCY, (number) =>
    // Half of the orders are from one customer who has ordered very often.
    placeOrder(stage[way], number % 2 === 0 ? WHOLESALER : randomUUID()),
  );
  return (performance.now() - startedAt) / ORDERS_PER_ROUND;
}

async function printPlans({ db, direct }: Stage) {
  print(`\n| At ${MANY} orders | Plan | Blocks | ms |\n|---|---|---|---|`);
  const rows = [];
  for (const [list, read] of Object.entries(await lists(direct.requests))) {
    const statements = await explained(db, (recording) =>
      read(createOrderRequests(recording, { waiting: new OrderWatcher(), lane: 'durable' })),
    );
    // A search first looks for the customers; the list of what can be returned is read last. The slowest one counts.
    const { nodes, plan, executionMs } = statements.toSorted((one, other) => other.executionMs - one.executionMs)[0]!;
    const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    const steps = nodes.map((node) => [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean));
    const row = { list, plan: steps.map((step) => step.join(' ')).join(' ← '), blocks, executionMs };
    print(`| ${row.list} | ${row.plan} | ${blocks} | ${executionMs} |`);
    rows.push(row);
  }
  return rows;
}

async function lists(requests: OrderRequests): Promise<Record<string, (on: OrderRequests) => Promise<unknown>>> {
  const { items } = await requests.listOrders({ limit: 1, customerId: WHOLESALER });
  const orderId = items[0]!.id;
  const laterPage = { after: (await requests.listOrders({ limit: 100 })).next! };
  return {
    'orders, all': (on) => on.listOrders({ limit: 20 }),
    'orders, all, a later page': (on) => on.listOrders({ limit: 20, ...laterPage }),
    'orders with a status': (on) => on.listOrders({ limit: 20, status: 'confirmed' }),
    'orders of a customer': (on) => on.listOrders({ limit: 20, customerId: WHOLESALER }),
    'orders of a customer with a rare status': (on) =>
      on.listOrders({ limit: 20, customerId: WHOLESALER, status: 'requires_action' }),
    ...searches(orderId),
    'one order': (on) => on.getOrder({ orderId }),
    'an order’s history': (on) => on.getHistory({ orderId }),
    'an order’s returns': (on) => on.listReturns({ orderId }),
    'open interventions': (on) => on.listInterventions({ limit: 20, state: 'open' }),
    'interventions, all': (on) => on.listInterventions({ limit: 20 }),
    'order ledger, a page': (on) => on.listBooks({ limit: 100 }),
    backlog: (on) => on.getBacklog({ youngerThanSeconds: 30 }),
  };
}

/** What staff search for. */
function searches(orderId: string): Record<string, (on: OrderRequests) => Promise<unknown>> {
  const filters: Record<string, OrderFilter> = {
    'one box, a number': { q: '10042' },
    'one box, an id': { q: orderId },
    'one box, an address': { q: 'customer77@' },
    'one box, a rare name': { q: 'zhukov' },
    'one box, a frequent name': { q: 'smith' },
    'one box, a tracking number': { q: 'SB-4711' },
    'one box, a popular SKU': { q: POPULAR_SKU },
    'one box, nothing fits': { q: 'qwertyuiop' },
    'an e-mail address': { email: 'buyer@wholesale' },
    'a beginning of many addresses': { email: 'cust' },
    'a rare SKU': { sku: 'SKU-1' },
    'a popular SKU': { sku: POPULAR_SKU },
    'a popular SKU, a rare status': { sku: POPULAR_SKU, status: 'requires_action' },
    'a tracking number': { trackingNumber: 'SB-4711' },
    'a payment status': { paymentStatus: 'captured' },
    'a rare payment status': { paymentStatus: 'authorized' },
    'a rare fulfilment status': { fulfillmentStatus: 'shipped' },
    'high totals': { minTotalMinor: 1_000_000 },
    'usual totals': { minTotalMinor: 300, maxTotalMinor: 2000 },
    'an hour': {
      from: new Date(Date.now() - 7_200_000).toISOString(),
      before: new Date(Date.now() - 3_600_000).toISOString(),
    },
  };
  const entries = Object.entries(filters).map(([name, filter]) => [
    `search: ${name}`,
    (on: OrderRequests) => on.searchOrders({ ...filter, limit: 20 }),
  ]);
  return {
    ...(Object.fromEntries(entries) as Record<string, (on: OrderRequests) => Promise<unknown>>),
    'export, a page': (on) => on.exportOrders({ limit: 500 }),
  };
}

/** Reports of all orders: one a second is less than two weeks of a million. */
async function timeReports({ direct }: Stage) {
  const period = { from: new Date(Date.now() - 366 * 86_400_000).toISOString(), before: new Date().toISOString() };
  const rows = [];
  for (const by of ['day', 'sku', 'country'] as const) {
    const startedAt = performance.now();
    await direct.requests.reportSales({ by, ...period });
    const ms = performance.now() - startedAt;
    print(`sales by ${by}: ${(ms / 1000).toFixed(1)} s`);
    rows.push({ by, ms });
  }
  return rows;
}
