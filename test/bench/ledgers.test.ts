import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { disagreements, ledgersAt } from '../../bench/race/ledgers.ts';
import { nothing } from '../../bench/race/orders.ts';
import { stockUp } from '../../bench/race/stock.ts';
import { openSqlite } from '../../sandbox/sqlite.ts';
import { PARCELS_SCHEMA } from '../../sandbox/carrier/parcels.ts';
import { LEDGER_SCHEMA } from '../../sandbox/processor/ledger.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import type { ShippingDatabase } from '../../services/shipping/database.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';
import { scratchFolder } from '../stage/test-run.ts';

const ORDER = { orders: 1, pieces: 2, amountMinor: 300 };

describe('the ledgers after a run', () => {
  let databases: Record<'order' | 'inventory' | 'payment' | 'shipping', FreshDatabase<unknown>>;
  let sandboxFolder: string;
  const locations = () => ledgersAt((service) => databases[service].ownerUrl, sandboxFolder);

  before(async function () {
    this.timeout(120_000);
    const services = ['order', 'inventory', 'payment', 'shipping'] as const;
    const fresh = services.map(async (service) => [service, await freshDatabase<unknown>(service)] as const);
    databases = Object.fromEntries(await Promise.all(fresh)) as typeof databases;
    sandboxFolder = mkdtempSync(path.join(scratchFolder(), 'bench-'));
    openSqlite(path.join(sandboxFolder, 'processor.sqlite'), LEDGER_SCHEMA).close();
    openSqlite(path.join(sandboxFolder, 'carrier.sqlite'), PARCELS_SCHEMA).close();
    await stockUp(databases.inventory.ownerUrl);
  });
  after(async () => {
    for (const database of Object.values(databases)) await database.drop();
  });

  it('agree when there was no order', async () => {
    assert.deepEqual(await disagreements(nothing(), locations()), []);
  });

  it('each report a confirmed order that they do not contain', async () => {
    const found = await disagreements(ORDER, locations());
    const ledgers = new Set(found.map((line) => line.slice(0, line.indexOf(':'))));
    assert.deepEqual([...ledgers].toSorted(), [
      'carrier’s ledger',
      'money ledger',
      'orders confirmed',
      'orders kept',
      'payments',
      'processor’s ledger',
      'shipments',
      'shipments booked',
      'stock',
      'stock ledger',
    ]);
  });

  it('report a superfluous effect', async () => {
    const shipping = databases.shipping as FreshDatabase<ShippingDatabase>;
    await shipping.db
      .insertInto('shipments')
      .values({ order_id: crypto.randomUUID(), tracking_number: 'SB1', status: 'booked' })
      .execute();
    const inventory = databases.inventory as FreshDatabase<InventoryDatabase>;
    await sql`update stock set reserved = 1 where sku = 'BENCH-001'`.execute(inventory.db);
    assert.deepEqual(await disagreements(nothing(), locations()), [
      'stock: pieces 1, expected 0',
      'shipments: orders 1, expected 0',
      'shipments booked: orders 1, expected 0',
    ]);
  });
});
