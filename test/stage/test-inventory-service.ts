import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { StockLine } from '../../activities/identity.ts';
import type { InventoryActivities, InventoryRequests } from '../../activities/inventory.ts';
import { createInventoryActivities } from '../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import { createInventoryRequests } from '../../services/inventory/requests.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

/** The inventory service with its own database. */
export interface InventoryBench {
  readonly database: FreshDatabase<InventoryDatabase>;
  readonly activities: InventoryActivities;
  readonly requests: InventoryRequests;
  /** Creates a SKU with this quantity on hand. */
  stocked: (onHand: number) => Promise<string>;
  adjust: (sku: string, delta: number) => ReturnType<InventoryRequests['adjustStock']>;
  /** On hand, reserved and available. */
  balanceOf: (sku: string) => Promise<[onHand: number, reserved: number, available: number]>;
}

/** An order of its own with these lines. */
export const orderOf = (...lines: StockLine[]) => ({ orderId: randomUUID(), lines });

/** Call it in `describe`. After each test it checks that every balance equals the sum of its movements. */
export function inventoryBench(): InventoryBench {
  let database: FreshDatabase<InventoryDatabase>;
  let activities: InventoryActivities;
  let requests: InventoryRequests;
  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<InventoryDatabase>('inventory');
    activities = createInventoryActivities(database.db);
    requests = createInventoryRequests(database.db);
  });
  afterEach(async () => assert.deepEqual(await requests.checkBalances({}), { discrepancies: [] }));
  after(() => database.drop());

  const adjust = (sku: string, delta: number) =>
    requests.adjustStock({ adjustmentId: randomUUID(), sku, delta, reason: 'counted', adjustedBy: 'admin' });

  return {
    get database() {
      return database;
    },
    get activities() {
      return activities;
    },
    get requests() {
      return requests;
    },
    adjust,
    async stocked(onHand) {
      const sku = `S-${randomUUID()}`;
      await adjust(sku, onHand);
      return sku;
    },
    async balanceOf(sku) {
      const { onHand, reserved, available } = await requests.getStock({ sku });
      return [onHand, reserved, available];
    },
  };
}
