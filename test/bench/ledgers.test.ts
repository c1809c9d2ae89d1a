import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { type Told, disagreements, ledgersAt } from '../../bench/race/ledgers.ts';
import { type Totals, nothing } from '../../bench/race/orders.ts';
import { stockUp } from '../../bench/race/stock.ts';
import { openSqlite } from '../../sandbox/sqlite.ts';
import { PARCELS_SCHEMA } from '../../sandbox/carrier/tables.ts';
import { LEDGER_SCHEMA } from '../../sandbox/processor/entries.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import type { ShippingDatabase } from '../../services/shipping/database.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';
import { scratchFolder } from '../stage/test-run.ts';

const ORDER = { orders: 1, pieces: 2, amountMinor: 300, piecesOf: new Map([['BENCH-001', 2]]) };
const told = (confirmed: Totals, delivered = nothing()): Told => ({ confirmed, delivered });

const ledgerIn = (line: string): string => line.slice(0, line.indexOf(':'));

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
    assert.deepEqual(await disagreements(told(nothing()), locations()), []);
  });

  it('each report a confirmed order that they do not contain', async () => {
    const found = await disagreements(told(ORDER), locations());
    assert.deepEqual([...new Set(found.map(ledgerIn))].toSorted(), [
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
      'stock of BENCH-001',
    ]);
  });

  it('each report a delivered order that they do not contain', async () => {
    const confirmedOnly = new Set((await disagreements(told(ORDER), locations())).map(ledgerIn));
    const found = (await disagreements(told(ORDER, ORDER), locations())).map(ledgerIn);
    assert.deepEqual([...new Set(found)].filter((ledger) => !confirmedOnly.has(ledger)).toSorted(), [
      'carrier’s ledger, delivered',
      'carrier’s ledger, dispatched',
      'money ledger, captured',
      'orders delivered and paid',
      'payments captured',
      'processor’s ledger, captured',
      'shipments delivered',
      'stock ledger, shipped',
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
    assert.deepEqual(await disagreements(told(nothing()), locations()), [
      'stock: pieces 1, expected 0',
      'shipments: orders 1, expected 0',
      'shipments booked: orders 1, expected 0',
      'stock of BENCH-001: 1 reserved of 10000000, expected 0 of 10000000',
    ]);
  });

  it('report pieces that are missing from the stock of one SKU and superfluous in that of another', async () => {
    const inventory = databases.inventory as FreshDatabase<InventoryDatabase>;
    const before = await disagreements(told(nothing()), locations());
    await sql`update stock set on_hand = on_hand + case sku when 'BENCH-002' then 1 else -1 end
              where sku in ('BENCH-002', 'BENCH-003')`.execute(inventory.db);
    const found = await disagreements(told(nothing()), locations());
    assert.deepEqual(found.filter((line) => !before.includes(line)).toSorted(), [
      'stock of BENCH-002: 0 reserved of 10000001, expected 0 of 10000000',
      'stock of BENCH-003: 0 reserved of 9999999, expected 0 of 10000000',
    ]);
  });
});
