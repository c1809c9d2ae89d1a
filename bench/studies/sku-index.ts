import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import { withDatabase } from '../../platform/database/provision.ts';
import { startPostgres } from '../../local/postgres.ts';
import { print } from '../../tools/command-line.ts';
import { forEach } from '../../tools/for-each.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { median } from '../quantiles.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { placeOrder } from './million/place.ts';
import { type Stage, startStage } from './million/stage.ts';
import { saveResult } from './save-result.ts';

// What does the search of orders cost an order that is placed?
//   node bench/studies/sku-index.ts [STORED]
// Places orders of three lines at databases that differ only in their indexes, in turns: without anything for the search,
// with what it has now, and with a GIN index on the lines in place of the table of SKUs. Prints per order the time, the
// CPU of PostgreSQL and the bytes of its log (WAL). The last two say most on a busy machine.
// BENCH_JSON names a file for the result.
const [STORED = 10_000] = process.argv.slice(2).map(Number);
const ROUNDS = 15;
const ORDERS_PER_ROUND = 500;
const CONCURRENCY = 4;

const INDEXES = [
  'orders_by_payment_status',
  'orders_by_fulfillment_status',
  'orders_by_total',
  'orders_by_tracking_number',
];
const withoutSkus = sql`drop trigger index_skus on orders`;
const VARIANTS = {
  'without a search': [withoutSkus, ...INDEXES.map((index) => sql`drop index ${sql.ref(index)}`)],
  'with a table of SKUs': [],
  'with the table, without the other indexes': INDEXES.map((index) => sql`drop index ${sql.ref(index)}`),
  'with a GIN index on the lines': [
    withoutSkus,
    sql`create index orders_by_sku on orders using gin (jsonb_path_query_array(lines, '$[*].sku') jsonb_path_ops)`,
  ],
};
type Variant = keyof typeof VARIANTS;

const folder = scratchFolder();
const postgres = await startPostgres({ folder: path.join(folder.path, 'postgres'), port: 0 });
const stages = new Map<Variant, Stage>();
try {
  for (const [number, variant] of (Object.keys(VARIANTS) as Variant[]).entries()) {
    stages.set(variant, await startVariant(variant, STORED + number));
  }
  const costs = new Map<Variant, Cost[]>([...stages.keys()].map((variant) => [variant, []]));
  for (const stage of stages.values()) await costOf(stage);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [...stages].toSorted(() => Math.random() - 0.5);
    for (const [variant, stage] of turns) costs.get(variant)!.push(await costOf(stage));
  }
  const base = costs.get('without a search')!;
  const rows = [...costs].map(([variant, own]) => ({
    variant,
    ms: median(own.map(({ ms }) => ms)),
    ratio: median(own.map(({ ms }, round) => ms / base[round]!.ms)),
    cpuMs: median(own.map(({ cpuMs }) => cpuMs)),
    cpuRatio: median(own.map(({ cpuMs }, round) => cpuMs / base[round]!.cpuMs)),
    walBytes: median(own.map(({ walBytes }) => walBytes)),
  }));
  for (const { variant, ms, ratio, cpuMs, cpuRatio, walBytes } of rows) {
    print(
      `${variant}: ${ms.toFixed(2)} ms (${ratio.toFixed(3)} ×), CPU ${cpuMs.toFixed(3)} ms (${cpuRatio.toFixed(3)} ×), ` +
        `WAL ${Math.round(walBytes)} bytes`,
    );
  }
  saveResult({ stored: STORED, rows });
} finally {
  for (const stage of stages.values()) await stage.close();
  await postgres.close();
  folder.remove();
}

/** Each has a database of its own, named for its number of orders. */
async function startVariant(variant: Variant, stored: number): Promise<Stage> {
  const stage = await startStage(postgres.url, stored);
  const owner = connect<unknown>(withDatabase(postgres.url, `bench_${stored}`), 1, 0);
  for (const statement of VARIANTS[variant]) await statement.execute(owner);
  await owner.destroy();
  return stage;
}

/** Of one order. */
interface Cost {
  ms: number;
  cpuMs: number;
  walBytes: number;
}

async function costOf({ direct, db }: Stage): Promise<Cost> {
  const [cpuBefore, walBefore, startedAt] = [cpuSecondsOf(postgres.pid), await walOf(db), performance.now()];
  await forEach(Array(ORDERS_PER_ROUND).keys(), CONCURRENCY, () => placeOrder(direct, randomUUID()));
  const [ms, cpuSeconds] = [performance.now() - startedAt, cpuSecondsOf(postgres.pid) - cpuBefore];
  const walBytes = (await walOf(db)) - walBefore;
  return {
    ms: ms / ORDERS_PER_ROUND,
    cpuMs: (cpuSeconds * 1000) / ORDERS_PER_ROUND,
    walBytes: walBytes / ORDERS_PER_ROUND,
  };
}

async function walOf(db: Stage['db']): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`
    select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes`.execute(db);
  return rows[0]!.bytes;
}
