import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { explained } from '../../../bench/studies/plans.ts';
import { connect } from '../../../platform/database/connection.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import { createInventoryActivities } from '../../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { createInventoryRequests } from '../../../services/inventory/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('inventory service: plans over 10,000 SKUs', function () {
  this.timeout(120_000);
  let database: FreshDatabase<InventoryDatabase>;

  before(async () => {
    database = await freshDatabase<InventoryDatabase>('inventory');
    const owner = connect<unknown>(database.ownerUrl, 1, 0);
    // All have a threshold; one in a thousand is low.
    await sql`
      insert into stock (sku, on_hand, reserved, low_stock_at)
      select 'many-' || number, case when number % 1000 = 7 then 1 else 100 end, 0, 10
        from generate_series(1, 10000) as number`.execute(owner);
    await sql`vacuum analyze stock`.execute(owner);
    await owner.destroy();
  });
  after(() => database.drop());

  for (const [which, filter] of Object.entries({
    all: {},
    'what is low': { low: true },
    'what is not': { low: false },
  })) {
    it(`lists ${which} without reading others`, async () => {
      const plans = await explained(database.db, (db: Kysely<InventoryDatabase>) =>
        createInventoryRequests(db).listStock({ limit: 20, after: encodeCursor(['many-1']), ...filter }),
      );
      assert.ok(plans.length > 0);
      for (const { nodes, plan } of plans) {
        const explanation = JSON.stringify(plan, undefined, 1);
        assert.ok(!nodes.some((node) => /Seq Scan|Sort/.test(node['Node Type'])), explanation);
        const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
        assert.ok(blocks <= 60, `${blocks} blocks for ${explanation}`);
      }
    });
  }

  it('lets orders change balances without writing to any index', async () => {
    const requests = createInventoryRequests(database.db);
    for (const [sku, lowStockAt] of [
      ['above', 10],
      ['low', 100],
    ] as const) {
      await requests.setLowStock({ sku, lowStockAt });
      await requests.adjustStock({ adjustmentId: randomUUID(), sku, delta: 100, reason: 'counted', adjustedBy: 'a' });
    }
    const { all, hot } = await database.db.transaction().execute(async (transaction) => {
      const updates = async () => {
        const { rows } = await sql<{ all: number; hot: number }>`
          select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_xact_user_tables where relname = 'stock'`.execute(
          transaction,
        );
        return rows[0]!;
      };
      const { reserveStock } = createInventoryActivities(transaction);
      const before = await updates();
      for (const sku of ['above', 'low']) {
        for (let count = 0; count < 10; count += 1) {
          await reserveStock({ orderId: randomUUID(), lines: [{ sku, quantity: 1 }] });
        }
      }
      const after = await updates();
      return { all: after.all - before.all, hot: after.hot - before.hot };
    });
    assert.equal(all, 20);
    // A row whose page is full moves to another one, and that is in every index.
    assert.ok(hot >= 17, `${hot} of ${all} updates wrote no index`);
  });
});
