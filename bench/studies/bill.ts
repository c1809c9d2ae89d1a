import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { print } from '../../tools/command-line.ts';
import { Processes, killEverything } from '../race/children.ts';
import type { OrderEndpoint } from '../race/load.ts';
import { orderSeries } from '../race/orders.ts';
import { type Stage, openStage } from '../race/stage.ts';
import { direct } from '../race/systems/direct.ts';
import { LANES, platform } from '../race/systems/platform.ts';
import type { System } from '../race/systems/system.ts';
import { type ServerBinary, findServer } from '../race/temporal/binary.ts';
import { prepareServers } from '../race/temporal/server.ts';
import { openWorld } from '../race/world.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { type Counts, noCounts } from './bill/counts.ts';
import { saveResult } from './save-result.ts';
import { studyOptions } from './options.ts';

// What does an order ask of PostgreSQL and of HTTP, process by process?
//   npm run bench:bill [-- --lanes] [--orders N]
// Starts the row `direct` of the race, and with --lanes the platform in each of its lanes, places orders one after
// another and prints how many SQL statements, transactions, round trips to PostgreSQL and HTTP requests each process made
// for one order: for one that is confirmed, and for one whose card is refused. What the processes do without orders
// (polling, heartbeats) is measured first and left out. Temporal's server is not counted. BENCH_JSON names a file for the
// result.
const { orders, lanes } = studyOptions({ orders: 20, lanes: false });
const KINDS = { confirmed: 'pm_card_visa', refused: 'pm_card_chargeDeclined' } as const;
// Covers several rounds of everything that polls.
const IDLE_MS = 5_000;
const WAIT_MS = 20;

const TITLES: Readonly<Record<keyof Counts, string>> = {
  statements: 'statements',
  transactions: 'transactions',
  roundTrips: 'round trips',
  sent: 'HTTP sent',
  received: 'HTTP received',
};

type Bill = Record<string, Counts>;

const folder = scratchFolder();
const billFolder = path.join(folder.path, 'bill');
mkdirSync(billFolder);
process.on('exit', killEverything);
const cache = path.join(import.meta.dirname, '../../.cache/bench');
/** `direct` needs no Temporal server. */
const NO_SERVER: ServerBinary = { kind: 'dev', executable: '', reason: 'none is needed' };
const binary = lanes ? await findServer(cache, print) : NO_SERVER;
const { signal } = new AbortController();
const { world, close } = await openWorld({ folder: path.join(folder.path, 'world'), cache, binary, signal });
try {
  const systems = [direct, ...(lanes ? LANES.map((lane) => platform(lane)) : [])];
  if (binary.kind === 'full') {
    const template = path.join(folder.path, 'template');
    const processes = new Processes(template, signal);
    await prepareServers(binary, { folder: template, superuserUrl: world.superuserUrl, processes });
  }
  const results: Record<string, Record<string, Bill>> = {};
  for (const system of systems) {
    results[system.row] = await billsOf(system);
    for (const [kind, bill] of Object.entries(results[system.row]!)) print(tableOf(`${system.row}, ${kind}`, bill));
  }
  saveResult(results);
} finally {
  await close();
  folder.remove();
}

async function billsOf(system: System): Promise<Record<string, Bill>> {
  const environment = {
    ...system.needs.environment,
    NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, 'bill/preload.ts')).href}`,
    BILL_FOLDER: billFolder,
  };
  const stage = await openStage(world, { ...system.needs, environment });
  try {
    const endpoint = await system.start(stage);
    const next = orderSeries(crypto.randomUUID());
    const place = (kind: keyof typeof KINDS) => placeOrder(endpoint, kind, { ...next(), paymentMethod: KINDS[kind] });
    // The first orders start what begins with an order, such as the readers of its events.
    for (const kind of ['confirmed', 'refused', 'confirmed'] as const) await place(kind);
    await sleep(IDLE_MS);
    const idle = await during(stage, () => sleep(IDLE_MS));
    const bills: Record<string, Bill> = {};
    for (const kind of ['confirmed', 'refused'] as const) {
      const placed = await during(stage, async () => {
        for (let order = 0; order < orders; order += 1) await place(kind);
      });
      bills[kind] = mapCounts(placed.bill, (name, column, count) => {
        const polled = (idle.bill[name]![column] * placed.tookMs) / idle.tookMs;
        return (count - polled) / orders;
      });
    }
    return bills;
  } finally {
    await stage.close();
  }
}

async function placeOrder(
  endpoint: OrderEndpoint,
  kind: keyof typeof KINDS,
  order: Parameters<OrderEndpoint['request']>[0],
): Promise<void> {
  const { path: at, headers, body } = endpoint.request(order);
  const response = await fetch(new URL(at, endpoint.url), { method: 'POST', headers, body });
  const { status } = (await response.json()) as { status?: string };
  if (status !== (kind === 'confirmed' ? 'confirmed' : 'rejected'))
    throw new Error(`an order that should be ${kind} has status ${status}`);
}

/** What each process did while `work` ran. */
async function during(stage: Stage, work: () => Promise<unknown>): Promise<{ bill: Bill; tookMs: number }> {
  const before = await read(stage);
  const startedAt = performance.now();
  await work();
  const tookMs = performance.now() - startedAt;
  const after = await read(stage);
  return { bill: mapCounts(after, (name, column, count) => count - before[name]![column]), tookMs };
}

/** Has every process write its counts. */
async function read({ processes }: Stage): Promise<Bill> {
  const bill: Bill = {};
  for (const [name, pid] of Object.entries(processes.pids())) {
    if (name.startsWith('temporal')) continue;
    const file = path.join(billFolder, `${pid}.json`);
    rmSync(file, { force: true });
    process.kill(pid, 'SIGUSR2');
    while (!existsSync(file)) await sleep(WAIT_MS);
    bill[name] = JSON.parse(readFileSync(file, 'utf8')) as Counts;
  }
  return bill;
}

function mapCounts(bill: Bill, value: (name: string, column: keyof Counts, count: number) => number): Bill {
  return Object.fromEntries(
    Object.entries(bill).map(([name, counts]) => [
      name,
      Object.fromEntries(
        Object.entries(counts).map(([column, count]) => [column, value(name, column as keyof Counts, count as number)]),
      ) as unknown as Counts,
    ]),
  );
}

function tableOf(title: string, bill: Bill): string {
  const columns = Object.keys(TITLES) as (keyof Counts)[];
  const line = (name: string, values: readonly string[]) =>
    `${name.padEnd(12)}${values.map((value) => value.padStart(15)).join('')}`;
  const numbers = (counts: Counts) => columns.map((column) => counts[column].toFixed(1));
  const sum = noCounts();
  for (const counts of Object.values(bill)) for (const column of columns) sum[column] += counts[column];
  return [
    `\n${title}: one order`,
    line(
      '',
      columns.map((column) => TITLES[column]),
    ),
    ...Object.entries(bill).map(([name, counts]) => line(name, numbers(counts))),
    line('all', numbers(sum)),
  ].join('\n');
}
