import assert from 'node:assert/strict';
import { type Kysely, type Transaction, sql } from 'kysely';
import { type PlanNode, explained } from '../../../bench/studies/plans.ts';
import { connect } from '../../../platform/database/connection.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { claimNext, requestClaim } from '../../../services/user/guest-claims.ts';
import { endedSince } from '../../../services/user/ended-since.ts';
import { listUsers } from '../../../services/user/list-users.ts';
import { purge } from '../../../services/user/purge.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

// Enough for the planner to avoid reading the whole table, few enough to be written in seconds.
const USERS = 10_000;
const LIMIT = 20;
const BIG = new Set(['users', 'guests']);

describe('user service: plans over many users', function () {
  this.timeout(120_000);
  let database: FreshDatabase<UserDatabase>;

  before(async () => {
    database = await freshDatabase<UserDatabase>('user');
    const owner = connect<unknown>(database.ownerUrl, 1, 0);
    // All are called Ada, each with another last name.
    await sql`
      insert into users (id, email, name, role, created_at)
      select gen_random_uuid(), 'user' || number || '@example.com', 'Ada X' || md5(number::text), 'customer',
             timestamptz '2026-01-01' + make_interval(secs => number)
        from generate_series(1, ${USERS}::integer) as number`.execute(owner);
    // Nine of ten have ordered; each has the address of a user.
    await sql`
      insert into guests (id, email, name, ordered_at)
      select gen_random_uuid(), 'user' || number || '@example.com', case when number % 10 > 0 then 'Ada' end,
             case when number % 10 > 0 then now() end
        from generate_series(1, ${USERS}::integer) as number`.execute(owner);
    await sql`vacuum analyze users, guests`.execute(owner);
    await owner.destroy();
  });
  after(() => database.drop());

  async function assertDirect(query: (db: Kysely<UserDatabase>) => Promise<unknown>, maxBlocks: number): Promise<void> {
    const plans = await explained(database.db, query);
    assert.ok(plans.length > 0);
    for (const { nodes, plan } of plans) assertFew(plan, nodes, maxBlocks);
  }

  function assertFew(plan: PlanNode, nodes: PlanNode[], maxBlocks: number): void {
    const explanation = JSON.stringify(plan, undefined, 1);
    assert.ok(!nodes.some((node) => node['Node Type'] === 'Seq Scan' && BIG.has(node['Relation Name']!)), explanation);
    const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    assert.ok(blocks <= maxBlocks, `${blocks} blocks for ${explanation}`);
  }

  const lists: Record<string, { query?: string; found: number }> = {
    all: { found: LIMIT },
    'by a name that all have': { query: 'ada', found: LIMIT },
    'by a rare name': { query: 'xc4ca4238a0b923820dcc509a6f75849b', found: 1 },
    'by an e-mail address': { query: 'user77@example.com', found: 1 },
    'by the beginning of an e-mail address': { query: 'user777', found: 11 },
    'that are none': { query: 'grace', found: 0 },
  };
  for (const [which, { query, found }] of Object.entries(lists)) {
    it(`lists users ${which} without reading all, on the first page and on a later one`, async () => {
      const list = (after?: string) => (db: Kysely<UserDatabase>) => listUsers(db, { query, after, limit: LIMIT });
      assert.equal((await list()(database.db)).items.length, found);
      await assertDirect(list(), 150);
      const { next } = await listUsers(database.db, { query, limit: 5 });
      if (next) await assertDirect(list(next), 150);
    });
  }

  it('finds the guests of an address without reading others, at a sign-in and when they are claimed', async () => {
    const { id } = await database.db
      .updateTable('users')
      .set({ email_verified_at: new Date() })
      .where('email', '=', 'user77@example.com')
      .returning('id')
      .executeTakeFirstOrThrow();
    await assertDirect((db) => requestClaim(db as Transaction<UserDatabase>, id), 30);
    await assertDirect(claimNext, 60);
    const claimed = await database.db.selectFrom('guests').select('email').where('claimed_by', '=', id).execute();
    assert.deepEqual(claimed, [{ email: 'user77@example.com' }]);
  });

  it('finds guests to purge without reading the others', () => assertDirect(purge, 100));

  it('reads who is deactivated from those only', () =>
    assertDirect((db) => endedSince(db, '2026-01-01T00:00:00.000Z'), 20));
});
