import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OrderActivities, OrderUpdate, OrderRequests } from '../../activities/order.ts';
import { orderActivities, orderRequests } from '../../activities/order.ts';
import type { HistoryItem } from '../../activities/order-status.ts';
import { connect } from '../../platform/database/connection.ts';
import { DATABASES } from '../../services/registry.ts';
import { createClient } from '../../platform/http/client.ts';
import { createServiceApi } from '../../platform/http/service-api.ts';
import { listen } from '../../platform/http/server.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { startPostgres } from '../../local/postgres.ts';
import { provision, withDatabase } from '../../platform/database/provision.ts';
import { createOrderActivities } from '../../services/order/activities.ts';
import type { OrderDatabase } from '../../services/order/database.ts';
import { createOrderRequests } from '../../services/order/requests.ts';
import { Waiting } from '../../services/order/waiting.ts';
import { WHOLESALER, fillWithOrders } from './many-orders.ts';
import { explained } from './plans.ts';
import { median, say } from './quantiles.ts';

// node bench/studies/million.ts [few] [many]: does placing an order get slower by what is stored already? Two databases on one
// PostgreSQL, one with few orders and one with many; rounds of placing take turns, so that both meet the same machine.
const [FEW = 10_000, MANY = 1_000_000] = process.argv.slice(2).map(Number);
const ROUNDS = 15;
const ORDERS_A_ROUND = 200;
const AT_ONCE = 4;
const TOKEN = 'what this bench shows at its own door';

interface Stage {
  stored: number;
  db: ReturnType<typeof connect<OrderDatabase>>;
  requests: OrderRequests;
  faces: Record<'database' | 'HTTP', { requests: OrderRequests; activities: OrderActivities }>;
  close(): Promise<void>;
}

async function stageOf(superuserUrl: string, stored: number): Promise<Stage> {
  const name = `bench_${stored}`;
  const url = new URL(withDatabase(superuserUrl, name));
  url.username = url.password = name;
  await provision(DATABASES.order, superuserUrl, url.href);
  const started = Date.now();
  await fillWithOrders(withDatabase(superuserUrl, name), stored);
  say(`${stored} orders written in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  const db = connect<OrderDatabase>(url.href);
  const waiting = new Waiting();
  const requests = createOrderRequests(db, { waiting, lane: 'durable' });
  const activities = createOrderActivities(db, { returnWindowDays: 30, moved: (orderId) => waiting.moved(orderId) });
  const door = createServiceApi({
    requests: { operations: orderRequests, implementation: requests },
    activities: { operations: orderActivities, implementation: activities },
    ready: async () => {},
    token: TOKEN,
    logger: createLogger('bench', 'error'),
    metrics: createMetrics('bench'),
  });
  const listening = await listen(door, { port: 0, setting: 'PORT' });
  const address = { service: 'order', urls: [listening.url], token: TOKEN };
  return {
    stored,
    db,
    requests,
    faces: {
      database: { requests, activities },
      HTTP: {
        requests: createClient(address, 'requests', orderRequests),
        activities: createClient(address, 'activities', orderActivities),
      },
    },
    async close() {
      await listening.close();
      await db.destroy();
    },
  };
}

const GBP = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** Everything that an order writes on its way to `confirmed`, in the order service. */
async function place({ requests, activities }: Stage['faces']['HTTP'], customerId: string): Promise<void> {
  const orderId = randomUUID();
  const lines = [1, 2, 3].map((n) => ({
    sku: `SKU-${n}`,
    name: 'White hanging heart',
    quantity: n,
    unitPrice: GBP(255),
  }));
  const address = { name: 'Ada', line1: '12 High Street', city: 'London', postalCode: 'N1 9GU', country: 'GB' };
  await requests.draftOrder({
    orderId,
    customerId,
    lines,
    total: GBP(1530),
    shippingAddress: address,
    paymentMethod: 'pm_card_visa',
  });
  let sequence = 0;
  const note = (...steps: HistoryItem['step'][]): OrderUpdate => ({
    orderId,
    workflowId: `order-${orderId}`,
    entries: steps.map((step) => ({
      sequence: ++sequence,
      at: new Date().toISOString(),
      step,
      outcome: 'succeeded',
    })),
  });
  await activities.recordOrder(note('record'));
  const rest = note('reserveStock', 'authorizePayment', 'bookShipment', 'confirm');
  await activities.confirmOrder({ ...rest, trackingNumber: 'SB-1' });
}

/** Milliseconds an order. */
async function round({ faces }: Stage, face: keyof Stage['faces']): Promise<number> {
  let left = ORDERS_A_ROUND;
  const started = performance.now();
  const lane = async () => {
    // Half of them by one customer who has ordered very often.
    while (left-- > 0) await place(faces[face], left % 2 === 0 ? WHOLESALER : randomUUID());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return (performance.now() - started) / ORDERS_A_ROUND;
}

async function measure(few: Stage, many: Stage, face: keyof Stage['faces']) {
  const [a, b]: [number[], number[]] = [[], []];
  for (const stage of [few, many]) await round(stage, face);
  for (let number = 0; number < ROUNDS; number++) {
    // Who goes first takes turns too.
    const pair = number % 2 === 0 ? [few, many] : [many, few];
    for (const stage of pair) (stage === few ? a : b).push(await round(stage, face));
  }
  return { face, ratio: median(b.map((one, number) => one / a[number]!)), fewMs: median(a), manyMs: median(b) };
}

async function planTable({ db, requests }: Stage) {
  const { items } = await requests.listOrders({ limit: 1, customerId: WHOLESALER });
  const orderId = items[0]!.id;
  const later = { after: (await requests.listOrders({ limit: 100 })).next! };
  const asks: Record<string, (on: OrderRequests) => Promise<unknown>> = {
    'orders, all': (on) => on.listOrders({ limit: 20 }),
    'orders, all, a later page': (on) => on.listOrders({ limit: 20, ...later }),
    'orders of one status': (on) => on.listOrders({ limit: 20, status: 'confirmed' }),
    'orders of a customer': (on) => on.listOrders({ limit: 20, customerId: WHOLESALER }),
    'orders of a customer and a rare status': (on) =>
      on.listOrders({ limit: 20, customerId: WHOLESALER, status: 'requires_action' }),
    'one order': (on) => on.getOrder({ orderId }),
    'an order’s history': (on) => on.getHistory({ orderId }),
    'an order’s returns': (on) => on.listReturns({ orderId }),
    'open interventions': (on) => on.listInterventions({ limit: 20, state: 'open' }),
    'interventions, all': (on) => on.listInterventions({ limit: 20 }),
    'books, a page': (on) => on.listBooks({ limit: 100 }),
    backlog: (on) => on.getBacklog({ youngerThanSeconds: 30 }),
  };
  const rows = [];
  for (const [list, ask] of Object.entries(asks)) {
    const plans = await explained(db, (on) =>
      ask(createOrderRequests(on, { waiting: new Waiting(), lane: 'durable' })),
    );
    const { nodes, plan, executionMs } = plans.at(-1)!;
    const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    const steps = nodes.map((node) => [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean));
    rows.push({ list, plan: steps.map((step) => step.join(' ')).join(' ← '), blocks, executionMs });
  }
  return rows;
}

const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-million-'));
// As root PostgreSQL runs as a user of its own, who has to pass through here.
chmodSync(folder, 0o711);
const postgres = await startPostgres({ folder: path.join(folder, 'postgres'), port: 0 });
const stages: Stage[] = [];
try {
  for (const stored of [FEW, MANY]) stages.push(await stageOf(postgres.url, stored));
  const [few, many] = stages as [Stage, Stage];
  const placing = [await measure(few, many, 'database'), await measure(few, many, 'HTTP')];
  for (const { face, ratio, fewMs, manyMs } of placing) {
    say(
      `placing by ${face}: ${ratio.toFixed(3)} × (${MANY} against ${FEW} stored; median of ${ROUNDS} pairs of rounds; ` +
        `${fewMs.toFixed(2)} and ${manyMs.toFixed(2)} ms an order, ${AT_ONCE} at a time)`,
    );
  }
  const plans = await planTable(many);
  say(`\n| At ${MANY} orders | Plan | Blocks | ms |\n|---|---|---|---|`);
  for (const { list, plan, blocks, executionMs } of plans) say(`| ${list} | ${plan} | ${blocks} | ${executionMs} |`);
  const json = process.env.BENCH_JSON;
  if (json) writeFileSync(json, `${JSON.stringify({ few: FEW, many: MANY, placing, plans }, undefined, 2)}\n`);
} finally {
  for (const stage of stages) await stage.close();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}
