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
    // A database that takes half a second is counted without; the first connections to a new one may take as long.
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

  it('let through exactly the quota, however many replicas are asked at once', async () => {
    const replicas = [replica(), replica(), replica()];
    const who = randomUUID();
    const standings = await Promise.all(
      Array.from({ length: 400 }, (_, turn) => replicas[turn % 3]!.limits.count(policy, who)),
    );
    const after = await Promise.all(replicas.map(({ limits }) => limits.count(policy, who)));
    assert.equal(standings.filter(({ admitted }) => admitted).length, 100);
    assert.deepEqual(
      after.map(({ admitted, remaining }) => [admitted, remaining]),
      [
        [false, 0],
        [false, 0],
        [false, 0],
      ],
    );
  });

  it('lose little of the quota to a replica that was asked once', async () => {
    const [idle, busy] = [replica(), replica()];
    const who = randomUUID();
    await idle.limits.count(policy, who);
    let admitted = 1;
    while ((await busy.limits.count(policy, who)).admitted) admitted += 1;
    assert.ok(admitted >= 99, `${admitted} of 100 were let through`);
  });

  it('ask the database now and then, not each time, and not at all once the quota is used up', async () => {
    const { limits, registry } = replica();
    const who = randomUUID();
    const remaining = [];
    for (let turn = 0; turn < 300; turn += 1) remaining.push((await limits.count(policy, who)).remaining);
    const leases = await sumOf(registry, 'rate_limit_leases_total');
    assert.ok(leases < 25, `${leases} round trips for 300 requests`);
    assert.deepEqual(remaining.slice(0, 3), [99, 98, 97]);
    assert.deepEqual(remaining.slice(98, 102), [1, 0, 0, 0]);
  });

  it('start anew when the window is over, on this replica and in the database', async () => {
    let clock = 0;
    const { limits } = replica(() => clock);
    const who = randomUUID();
    const small = { name: 'default', quota: 3 };
    const standings = [];
    for (let turn = 0; turn < 4; turn += 1) standings.push(await limits.count(small, who));
    assert.deepEqual(
      standings.map(({ admitted }) => admitted),
      [true, true, true, false],
    );
    assert.ok(standings.every(({ resetSeconds }) => resetSeconds > 30 && resetSeconds <= 60));
    clock = 20_000;
    const { resetSeconds, ...refused } = await limits.count(small, who);
    assert.deepEqual([refused, resetSeconds <= 40], [{ admitted: false, remaining: 0 }, true]);
    clock = 60_000;
    // Here a minute has passed and there it has not: what was handed out is not handed out again.
    assert.equal((await limits.count(small, who)).admitted, false);
    await database.db
      .updateTable('rate_limits')
      .set({ window_ends_at: sql<Date>`now()` })
      .where('subject', '=', `default ${who}`)
      .execute();
    clock = 120_000;
    assert.deepEqual(await limits.count(small, who), { admitted: true, remaining: 2, resetSeconds: 60 });
  });

  it('forget whose window is over', async () => {
    const { limits } = replica();
    const [gone, here] = [randomUUID(), randomUUID()];
    for (const who of [gone, here]) await limits.count(policy, who);
    await sql`update rate_limits set window_ends_at = now() - interval '1 s' where subject = ${`default ${gone}`}`.execute(
      database.db,
    );
    await purgeRateLimits(database.db);
    const left = await database.db.selectFrom('rate_limits').select('subject').execute();
    const subjects = new Set(left.map(({ subject }) => subject));
    assert.deepEqual([subjects.has(`default ${gone}`), subjects.has(`default ${here}`)], [false, true]);
  });

  it('count for themselves while the database does not answer, and say so', async () => {
    const nobody = connect<GatewayDatabase>('postgres://nobody@127.0.0.1:1/nothing', 1);
    const registry = new Registry();
    const limits = createRateLimits(nobody, registry);
    const who = randomUUID();
    const standings = [];
    for (let turn = 0; turn < 120; turn += 1) standings.push(await limits.count(policy, who));
    await nobody.destroy();
    assert.equal(standings.filter(({ admitted }) => admitted).length, 100);
    assert.equal(standings[0]!.remaining, 99);
    assert.ok((await sumOf(registry, 'rate_limit_alone_total')) > 0);
  });
});
