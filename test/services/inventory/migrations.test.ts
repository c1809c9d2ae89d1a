import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Stock } from '../../../activities/inventory.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { createInventoryRequests } from '../../../services/inventory/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';

describe('stock of an earlier version', () => {
  let database: FreshDatabase<InventoryDatabase>;
  const adjustmentId = randomUUID();
  const firstResponse = { sku: 'tea', onHand: 9, reserved: 0, available: 9 };

  before(async () => {
    database = await upgradedDatabase('inventory', '001_create_inventory', async (owner) => {
      await sql`insert into stock (sku, on_hand, reserved) values ('tea', 9, 2), ('mug', 0, 0)`.execute(owner);
      await sql`
        insert into effects (subject, step, state, answer)
        values (${adjustmentId}, 'adjustStock', 'done', ${JSON.stringify(firstResponse)})`.execute(owner);
    });
  });
  after(() => database.drop());

  const requests = () => createInventoryRequests(database.db);

  it('has no threshold, and is not low even where there is none', async () => {
    const { items } = await requests().listStock({ limit: 10 });
    assert.deepEqual(
      items.map(({ sku, available, lowStockAt }) => [sku, available, lowStockAt]),
      [
        ['mug', 0, null],
        ['tea', 7, null],
      ],
    );
    assert.deepEqual((await requests().listStock({ low: true, limit: 10 })).items, []);
  });

  it('has first responses of adjustments without a threshold, which are repeated', async () => {
    const repeat = { adjustmentId, sku: 'tea', delta: 9, reason: 'counted', adjustedBy: 'admin' };
    assert.deepEqual(Stock.parse(await requests().adjustStock(repeat)), { ...firstResponse, lowStockAt: null });
  });

  it('is low once a version that knows nothing of thresholds has moved it', async () => {
    await requests().setLowStock({ sku: 'tea', lowStockAt: 5 });
    await sql`update stock set on_hand = 9, reserved = 4 where sku = 'tea'`.execute(database.db);
    assert.deepEqual(
      (await requests().listStock({ low: true, limit: 10 })).items.map(({ sku }) => sku),
      ['tea'],
    );
  });
});
