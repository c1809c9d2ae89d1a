import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { postJson } from '../post-json.ts';
import { add } from './orders.ts';
import { type Started, checkLedgers, load, withCpu } from './measuring.ts';
import type { LifeSample } from './result.ts';
import type { Stage } from './stage.ts';
import { asSuperuser } from './superuser.ts';
import { untilCounted } from './until.ts';

const CLIENTS = 16;
// Each part of a life runs code that no load has run yet.
const WARM_UP_MS = 2_000;

/** Orders from placed to delivered and paid, at a system that has been warmed up. */
export async function measureLife(started: Started, seconds: number): Promise<Pick<LifeSample, 'carried' | 'cpu'>> {
  const { system, stage } = started;
  const living = { ...started, endpoint: system.life!(stage) };
  await liveThrough(living, WARM_UP_MS);
  return liveThrough(living, seconds * 1000);
}

// The whole queue of the slowest system, on a busy machine.
const TIMEOUT_MS = 120_000;

/**
 * Places orders, then lets the carrier dispatch all their parcels, and then deliver them. Each part ends when all orders
 * have done what follows: hours are between them in reality, so that nothing of one part is done with the next.
 */
async function liveThrough(started: Started, measureMs: number): Promise<Pick<LifeSample, 'carried' | 'cpu'>> {
  const { stage, told } = started;
  const placed = await load(started, { clients: CLIENTS, rampMs: 0, measureMs });
  const parcels = parcelsOf(stage, placed.ids);
  const expected = told.delivered.orders + placed.carried;
  const move = async (query: OrderCount) => {
    const { cpu } = await withCpu(stage, async () => {
      await advance(stage, parcels);
      await untilOrders(stage, expected, query);
    });
    return cpu;
  };
  const cpu = { confirmed: placed.cpu, dispatched: await move(PAID_AND_SHIPPED), delivered: await move(DELIVERED) };
  add(told.delivered, placed.confirmed);
  await checkLedgers(started);
  return { carried: placed.carried, cpu };
}

interface OrderCount {
  service: 'inventory' | 'order';
  sql: string;
}

/** Taking the pieces out of the stock is the last thing that follows the dispatch. */
const PAID_AND_SHIPPED: OrderCount = {
  service: 'inventory',
  sql: `select count(distinct subject) orders from stock_ledger where kind = 'commit'`,
};
const DELIVERED: OrderCount = {
  service: 'order',
  sql: `select count(*) orders from orders where fulfillment_status = 'delivered'`,
};

async function untilOrders({ ledgers }: Stage, expected: number, { service, sql }: OrderCount): Promise<void> {
  await asSuperuser(ledgers.databaseUrls[service], (firstRowOf) =>
    untilCounted(expected, {
      count: async () => Number((await firstRowOf(sql)).orders),
      timeoutMs: TIMEOUT_MS,
      wrong: (found) => `${found} of ${expected} orders were carried on after their parcels had moved`,
    }),
  );
}

/** The carrier's people move one parcel after the other, as many at a time as there were customers. */
async function advance({ surroundings }: Stage, parcels: readonly string[]): Promise<void> {
  const left = parcels.values();
  const carrier = `http://127.0.0.1:${surroundings.ports.CARRIER_PORT}`;
  const mover = async () => {
    for (const parcel of left) await postJson(`${carrier}/shipments/${parcel}/advance`, {});
  };
  await Promise.all(Array.from({ length: CLIENTS }, mover));
}

/** The tracking numbers of these orders, from the carrier's own database. */
function parcelsOf({ ledgers }: Stage, orderIds: readonly string[]): string[] {
  const db = new DatabaseSync(path.join(ledgers.sandboxFolder, 'carrier.sqlite'), { readOnly: true });
  try {
    const query = 'select tracking_number as number from parcels where order_id in (select value from json_each(?))';
    return db
      .prepare(query)
      .all(JSON.stringify(orderIds))
      .map(({ number }) => String(number));
  } finally {
    db.close();
  }
}
