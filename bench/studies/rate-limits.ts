import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { Registry } from 'prom-client';
import type { GatewayDatabase } from '../../gateway/database.ts';
import { up } from '../../gateway/migrations/001_create_gateway.ts';
import { createRateLimits } from '../../gateway/rate-limits/limits.ts';
import { startPostgres } from '../../local/postgres.ts';
import { connect } from '../../platform/database/connection.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { median } from '../quantiles.ts';

// Does rate-limiter-flexible's PostgreSQL store cost less than the gateway's rate limiter?
//   node bench/studies/rate-limits.ts LIBRARY [--rounds R] [--callers C]
// LIBRARY is the unpacked package (`npm pack rate-limiter-flexible`). Each round has new callers with a quota of 100. A
// caller sends its requests one after the other; all callers run at once. Prints the medians per request of the SQL
// round trips, the time, and the CPU here and in PostgreSQL.
const {
  values,
  positionals: [library],
} = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, callers: { type: 'string', default: '20' } },
});
const [rounds, callers] = [Number(values.rounds), Number(values.callers)];
if (!library || !(rounds >= 1) || !(callers >= 1)) {
  process.stderr.write('usage: node bench/studies/rate-limits.ts LIBRARY [--rounds R] [--callers C]\n');
  process.exit(2);
}
const QUOTA = 100;
const CONNECTIONS = 10;

interface Arm {
  name: string;
  /** Whether the request was admitted. */
  count: (caller: string) => Promise<boolean>;
}

interface FlexibleLimiter {
  consume(caller: string): Promise<unknown>;
}

interface FlexibleModule {
  RateLimiterPostgres: new (options: object, ready: (error?: Error) => void) => FlexibleLimiter;
}

let roundTrips = 0;
const { query } = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]) {
    roundTrips += 1;
    return query.apply(this, args);
  },
});

const folder = mkdtempSync(path.join(tmpdir(), 'rate-limits-'));
const server = await startPostgres({ folder, port: 0, password: randomUUID() });
try {
  const db = connect<GatewayDatabase>(server.url, CONNECTIONS);
  await up(db as unknown as Kysely<unknown>);
  const pool = new pg.Pool({ connectionString: server.url, max: CONNECTIONS });
  // The server closes idle connections when it stops.
  pool.on('error', () => undefined);
  // Like the gateway's own table: unlogged, with room for updates in place.
  await pool.query(
    'create unlogged table flexible (key varchar(255) primary key, points integer not null default 0, expire bigint) with (fillfactor = 50)',
  );
  const arms = [gatewayLimiter(db), flexibleLimiter(pool)];
  for (const requests of [20, QUOTA, 2 * QUOTA]) await compare(arms, requests);
  await Promise.all([db.destroy(), pool.end()]);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

function gatewayLimiter(db: ReturnType<typeof connect<GatewayDatabase>>): Arm {
  const limits = createRateLimits(db, new Registry());
  const policy = { name: 'default', quota: QUOTA };
  return { name: 'gateway', count: async (caller) => (await limits.count(policy, caller)).admitted };
}

function flexibleLimiter(pool: pg.Pool): Arm {
  const { RateLimiterPostgres } = createRequire(import.meta.url)(path.resolve(library!)) as FlexibleModule;
  const options = { storeClient: pool, tableName: 'flexible', tableCreated: true, clearExpiredByTimeout: false };
  // Refused requests of a caller over the quota need no round trip.
  const limit = { points: QUOTA, duration: 60, inMemoryBlockOnConsumed: QUOTA };
  const limiter = new RateLimiterPostgres({ ...options, ...limit }, () => undefined);
  return {
    name: 'rate-limiter-flexible',
    count: (caller) =>
      limiter.consume(caller).then(
        () => true,
        (refusal: unknown) => {
          if (refusal instanceof Error) throw refusal;
          return false;
        },
      ),
  };
}

async function compare(arms: Arm[], requests: number): Promise<void> {
  const results = arms.map((arm) => ({
    arm,
    trips: [] as number[],
    ms: [] as number[],
    cpu: [] as [number, number][],
  }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { arm, trips, ms, cpu } of results) {
      const { admitted, ...cost } = await measure(arm, requests);
      const expected = callers * Math.min(QUOTA, requests);
      if (admitted !== expected) throw new Error(`${arm.name} admitted ${admitted} requests instead of ${expected}`);
      // The first round warms up.
      if (round === 0) continue;
      trips.push(cost.trips);
      ms.push(cost.ms);
      cpu.push([cost.here, cost.there]);
    }
  }
  process.stdout.write(`${callers} callers, ${requests} requests each, quota ${QUOTA}\n`);
  for (const { arm, trips, ms, cpu } of results) {
    const [here, there] = [median(cpu.map(([one]) => one)), median(cpu.map(([, other]) => other))];
    process.stdout.write(
      `  ${arm.name.padEnd(22)} ${median(trips).toFixed(3)} round trips, ${median(ms).toFixed(3)} ms, ` +
        `CPU here ${here.toFixed(3)} ms, PostgreSQL ${there.toFixed(3)} ms\n`,
    );
  }
}

/** Costs per request. The time is that of one request of one caller, while the others run too. */
async function measure({ count }: Arm, requests: number) {
  const before = { trips: roundTrips, cpu: process.cpuUsage(), there: cpuSecondsOf(server.pid), at: performance.now() };
  let admitted = 0;
  const run = async (caller: string) => {
    for (let request = 0; request < requests; request += 1) if (await count(caller)) admitted += 1;
  };
  await Promise.all(Array.from({ length: callers }, () => run(randomUUID())));
  const { user, system } = process.cpuUsage(before.cpu);
  const total = callers * requests;
  return {
    admitted,
    trips: (roundTrips - before.trips) / total,
    ms: (performance.now() - before.at) / requests,
    here: (user + system) / 1_000 / total,
    there: ((cpuSecondsOf(server.pid) - before.there) * 1_000) / total,
  };
}
