import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { StockLine } from '../../../activities/identity.ts';
import type { InventoryActivities, InventoryRequests } from '../../../activities/inventory.ts';
import { createInventoryActivities } from '../../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { createInventoryRequests } from '../../../services/inventory/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('inventory service', () => {
  let database: FreshDatabase<InventoryDatabase>;
  let activities: InventoryActivities;
  let requests: InventoryRequests;

  before(async () => {
    database = await freshDatabase<InventoryDatabase>('inventory');
    activities = createInventoryActivities(database.db);
    requests = createInventoryRequests(database.db);
  });
  after(() => database.drop());
  // After each test, every balance must equal the sum of its movements.
  afterEach(async () => assert.deepEqual(await requests.checkBalances({}), { discrepancies: [] }));

  /** Creates a SKU with this quantity on hand. */
  async function stocked(onHand: number): Promise<string> {
    const sku = `S-${randomUUID()}`;
    await adjust(sku, onHand);
    return sku;
  }
  const adjust = (sku: string, delta: number) =>
    requests.adjustStock({ adjustmentId: randomUUID(), sku, delta, reason: 'counted', adjustedBy: 'admin' });
  const order = (...lines: StockLine[]) => ({ orderId: randomUUID(), lines });
  const balanceOf = async (sku: string) => {
    const { onHand, reserved, available } = await requests.getStock({ sku });
    return [onHand, reserved, available];
  };
  const eventsOf = (orderId: string) =>
    database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();

  describe('reserveStock', () => {
    it('reserves stock once, however often it is requested', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 4 });
      await Promise.all([1, 2, 3].map(() => activities.reserveStock(wanted)));
      await activities.reserveStock(wanted);
      assert.deepEqual(await balanceOf(sku), [10, 4, 6]);
      assert.deepEqual(await eventsOf(wanted.orderId), [{ type: 'inventory.reserved', data: wanted }]);
    });

    it('sums two lines of one SKU, even above the limit of one line', async () => {
      const sku = await stocked(200_000);
      const line = { sku, quantity: 100_000 };
      await activities.reserveStock(order(line, line));
      assert.deepEqual(await balanceOf(sku), [200_000, 200_000, 0]);

      const scarce = await stocked(5);
      const tooMuch = order({ sku: scarce, quantity: 3 }, { sku: scarce, quantity: 3 });
      await assert.rejects(activities.reserveStock(tooMuch), {
        code: 'OutOfStock',
        message: `${scarce}: wanted 6, available 5`,
      });
    });

    it('reserves all lines or none, names each SKU that is short, and publishes an event', async () => {
      const [enough, short] = [await stocked(10), await stocked(1)];
      const wanted = order(
        { sku: enough, quantity: 10 },
        { sku: short, quantity: 2 },
        { sku: 'UNHEARD-OF', quantity: 1 },
      );
      const reason = `${short}: wanted 2, available 1; UNHEARD-OF: wanted 1, available 0`;
      await assert.rejects(activities.reserveStock(wanted), { code: 'OutOfStock', message: reason });
      assert.deepEqual(await balanceOf(enough), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), [
        { type: 'inventory.reservation_failed', data: { orderId: wanted.orderId, reason } },
      ]);
    });

    it('repeats the refusal even when stock arrives later', async () => {
      const sku = await stocked(0);
      const wanted = order({ sku, quantity: 1 });
      await assert.rejects(activities.reserveStock(wanted), { code: 'OutOfStock' });
      await adjust(sku, 5);
      await assert.rejects(activities.reserveStock(wanted), { code: 'OutOfStock' });
      assert.deepEqual(await balanceOf(sku), [5, 0, 5]);
      assert.equal((await eventsOf(wanted.orderId)).length, 1);
    });

    it('repeats the reservation even when less stock is left than it took', async () => {
      const sku = await stocked(5);
      const wanted = order({ sku, quantity: 4 });
      await activities.reserveStock(wanted);
      await activities.reserveStock(wanted);
      assert.deepEqual(await balanceOf(sku), [5, 4, 1]);
      assert.equal((await eventsOf(wanted.orderId)).length, 1);
    });

    it('shortens the reason when 2,000 lines are out of stock', async () => {
      const lines = Array.from({ length: 2000 }, (_, index) => ({ sku: `GONE-${index}`, quantity: 1 }));
      await assert.rejects(activities.reserveStock(order(...lines)), (error: Error) => {
        assert.match(error.message, /^GONE-0: wanted 1, available 0; .*; and 19\d\d more$/);
        return error.message.length < 1000;
      });
    });
  });

  describe('releaseStock', () => {
    it('releases the reserved stock once', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 4 });
      await activities.reserveStock(wanted);
      await Promise.all([1, 2, 3].map(() => activities.releaseStock({ orderId: wanted.orderId })));
      await activities.releaseStock({ orderId: wanted.orderId });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), [
        { type: 'inventory.reserved', data: wanted },
        { type: 'inventory.released', data: wanted },
      ]);
    });

    it('before the reservation prevents a late reservation, and publishes no event', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 4 });
      await activities.releaseStock({ orderId: wanted.orderId });
      await assert.rejects(activities.reserveStock(wanted), { code: 'Undone' });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), []);
    });

    it('is refused after the stock was committed', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 4 });
      await activities.reserveStock(wanted);
      await activities.commitStock({ orderId: wanted.orderId });
      await assert.rejects(activities.releaseStock({ orderId: wanted.orderId }), { code: 'AlreadyCommitted' });
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
    });
  });

  describe('commitStock', () => {
    it('removes the stock once', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 4 });
      await activities.reserveStock(wanted);
      await Promise.all([1, 2, 3].map(() => activities.commitStock({ orderId: wanted.orderId })));
      await activities.commitStock({ orderId: wanted.orderId });
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
    });

    it('is refused without a reservation, and after its release', async () => {
      await assert.rejects(activities.commitStock({ orderId: randomUUID() }), { code: 'NotReserved' });
      const wanted = order({ sku: await stocked(10), quantity: 4 });
      await activities.reserveStock(wanted);
      await activities.releaseStock({ orderId: wanted.orderId });
      await assert.rejects(activities.commitStock({ orderId: wanted.orderId }), { code: 'NotReserved' });
    });
  });

  describe('restockReturn', () => {
    it('adds the stock back, once per return', async () => {
      const sku = await stocked(10);
      const wanted = order({ sku, quantity: 6 });
      await activities.reserveStock(wanted);
      await activities.commitStock(wanted);
      const line = { sku, quantity: 2 };
      const back = { orderId: wanted.orderId, returnId: randomUUID(), lines: [line] };
      await Promise.all([1, 2, 3].map(() => activities.restockReturn(back)));
      await activities.restockReturn(back);
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
      await activities.restockReturn({ ...back, returnId: randomUUID(), lines: [line, line] });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
    });

    it('without resellable items changes nothing', async () => {
      await activities.restockReturn({ orderId: randomUUID(), returnId: randomUUID(), lines: [] });
    });
  });
});
