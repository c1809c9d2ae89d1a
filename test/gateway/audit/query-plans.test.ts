import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { explained } from '../../../bench/studies/plans.ts';
import { createAuditRecords } from '../../../gateway/audit/records.ts';
import type { GatewayDatabase } from '../../../gateway/database.ts';
import { connect } from '../../../platform/database/connection.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

// Enough for the planner to avoid reading the whole table, few enough to be written in seconds.
const ENTRIES = 10_000;
const LIMIT = 20;

describe('the audit trail: plans over many entries', function () {
  this.timeout(120_000);
  let database: FreshDatabase<GatewayDatabase>;

  before(async () => {
    database = await freshDatabase<GatewayDatabase>('gateway');
    const owner = connect<unknown>(database.ownerUrl, 1, 0);
    await sql`
      insert into audit_entries (id, at, actor, actor_role, operation, subjects, request_id)
      select ('00000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid,
             timestamptz '2026-01-01' + make_interval(secs => number),
             ('00000000-0000-4000-8000-' || lpad((number % 100)::text, 12, '0'))::uuid,
             'support', 'cancelOrder', array['order-' || number % 1000], 'r'
        from generate_series(1, ${ENTRIES}::integer) as number`.execute(owner);
    await sql`
      insert into audit_outcomes (entry_id, status, created)
      select id, 201, case request_id when 'r' then 'made-' || row_number() over (order by at) % 1000 end
        from audit_entries`.execute(owner);
    await sql`vacuum analyze audit_entries, audit_outcomes`.execute(owner);
    await owner.destroy();
  });
  after(() => database.drop());

  const lists: Record<string, { subject?: string; actor?: string; from?: string; found: number }> = {
    all: { found: LIMIT },
    'of an actor': { actor: '00000000-0000-4000-8000-000000000007', found: LIMIT },
    'of nobody': { actor: '00000000-0000-4000-8000-000000009999', found: 0 },
    'about a subject': { subject: 'order-7', found: 10 },
    'about what was created': { subject: 'made-7', found: 10 },
    'of the last minute': { from: '2026-01-01T02:46:30Z', found: 11 },
    'of an actor about a subject': {
      actor: '00000000-0000-4000-8000-000000000007',
      subject: 'order-7',
      found: 10,
    },
  };
  for (const [which, { found, subject, actor, from }] of Object.entries(lists)) {
    it(`lists entries ${which} without reading all, on the first page and on a later one`, async () => {
      const query = { subject, actor, from, limit: LIMIT };
      const list = (after?: string) => (db: Kysely<GatewayDatabase>) =>
        createAuditRecords(db).list({ ...query, after });
      assert.equal((await list()(database.db)).items.length, found);
      const { next } = await createAuditRecords(database.db).list({ ...query, limit: 5, after: undefined });
      for (const after of [undefined, ...(next ? [next] : [])]) {
        const [{ nodes, plan } = assert.fail('no query')] = await explained(database.db, list(after));
        const explanation = JSON.stringify(plan, undefined, 1);
        assert.ok(!nodes.some((node) => node['Node Type'] === 'Seq Scan'), explanation);
        const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
        assert.ok(blocks <= 150, `${blocks} blocks for ${explanation}`);
      }
    });
  }
});
