import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import type { GatewayDatabase } from '../../../gateway/database.ts';
import { type RatePolicy, createRateLimits, purgeRateLimits } from '../../../gateway/rate-limits/limits.ts';
import { connect, ping } from '../../../platform/database/connection.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('rate limits', () => {
  let database: FreshDatabase<GatewayDatabase>;
  before(async () => {
    database = await freshDatabase('gateway');
    // The first connections to a new database may take longer than the limiter waits for it, half a second.
    await Promise.all([1, 2, 3].map(() => ping(database.db)));
  });
  after(() => database.drop());
  const policy: RatePolicy = { name: 'default', quota: 100 };
  const replica = (nowMs?: () => number) => {
    const registry = new Registry();
    return { limits: createRateLimits(database.db, registry, nowMs), registry };
  };
  const sumOf = async (registry: Registry, name: string) =>
    ((await registry.getSingleMetric(name)!.get()).values as { value: number }[]).reduce(
      (sum, one) => sum + one.value,
      0,
    );

  it('admit exactly the quota, with any number of concurrent replicas', async () => {
    const replicas = [replica(), replica(), replica()];
    const caller = randomUUID();
    const states = await Promise.all(
      Array.from({ length: 400 }, (_, turn) => replicas[turn % 3]!.limits.count(policy, caller)),
    );
    const after = await Promise.all(replicas.map(({ limits }) => limits.count(policy, caller)));
    assert.equal(states.filter(({ admitted }) => admitted).length, 100);
    assert.deepEqual(
      after.map(({ admitted, remaining }) => [admitted, remaining]),
      [
        [false, 0],
        [false, 0],
        [false, 0],
      ],
    );
  });

  it('lose little of the quota to a replica with one request', async () => {
    const [idle, busy] = [replica(), replica()];
    const caller = randomUUID();
    await idle.limits.count(policy, caller);
    let admitted = 1;
    while ((await busy.limits.count(policy, caller)).admitted) admitted += 1;
    assert.ok(admitted >= 99, `${admitted} of 100 were admitted`);
  });

  it('need few round trips, and none after the quota is used up', async () => {
    const { limits, registry } = replica();
    const caller = randomUUID();
    const remaining = [];
    for (let turn = 0; turn < 300; turn += 1) remaining.push((await limits.count(policy, caller)).remaining);
    const leases = await sumOf(registry, 'rate_limit_leases_total');
    assert.ok(leases < 25, `${leases} round trips for 300 requests`);
    assert.deepEqual(remaining.slice(0, 3), [99, 98, 97]);
    assert.deepEqual(remaining.slice(98, 102), [1, 0, 0, 0]);
  });

  it('start again after the window, on the replica and in the database', async () => {
    let clock = 0;
    const { limits } = replica(() => clock);
    const caller = randomUUID();
    const small = { name: 'default', quota: 3 };
    const states = [];
    for (let turn = 0; turn < 4; turn += 1) states.push(await limits.count(small, caller));
    assert.deepEqual(
      states.map(({ admitted }) => admitted),
      [true, true, true, false],
    );
    assert.ok(states.every(({ resetSeconds }) => resetSeconds > 30 && resetSeconds <= 60));
    clock = 20_000;
    const { resetSeconds, ...refused } = await limits.count(small, caller);
    assert.deepEqual([refused, resetSeconds <= 40], [{ admitted: false, remaining: 0 }, true]);
    clock = 60_000;
    // The window is over for the replica, but not in the database, which hands out no point twice.
    assert.equal((await limits.count(small, caller)).admitted, false);
    await database.db
      .updateTable('rate_limits')
      .set({ window_ends_at: sql<Date>`now()` })
      .where('subject', '=', `default ${caller}`)
      .execute();
    clock = 120_000;
    assert.deepEqual(await limits.count(small, caller), { admitted: true, remaining: 2, resetSeconds: 60 });
  });

  it('are purged after their window', async () => {
    const { limits } = replica();
    const [gone, here] = [randomUUID(), randomUUID()];
    for (const caller of [gone, here]) await limits.count(policy, caller);
    await sql`update rate_limits set window_ends_at = now() - interval '1 s' where subject = ${`default ${gone}`}`.execute(
      database.db,
    );
    await purgeRateLimits(database.db);
    const left = await database.db.selectFrom('rate_limits').select('subject').execute();
    const subjects = new Set(left.map(({ subject }) => subject));
    assert.deepEqual([subjects.has(`default ${gone}`), subjects.has(`default ${here}`)], [false, true]);
  });

  it('are counted per replica while the database is unavailable, which a metric shows', async () => {
    const nobody = connect<GatewayDatabase>('postgres://nobody@127.0.0.1:1/nothing', 1);
    const registry = new Registry();
    const limits = createRateLimits(nobody, registry);
    const caller = randomUUID();
    const states = [];
    for (let turn = 0; turn < 120; turn += 1) states.push(await limits.count(policy, caller));
    await nobody.destroy();
    assert.equal(states.filter(({ admitted }) => admitted).length, 100);
    assert.equal(states[0]!.remaining, 99);
    assert.ok((await sumOf(registry, 'rate_limit_alone_total')) > 0);
  });
});
