import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { inventoryBench, orderOf } from '../../stage/test-inventory-service.ts';

describe('inventory service', () => {
  const bench = inventoryBench();
  const { stocked, adjust, balanceOf } = bench;
  const eventsOf = (orderId: string) =>
    bench.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();

  describe('reserveStock', () => {
    it('reserves stock once, however often it is requested', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 4 });
      await Promise.all([1, 2, 3].map(() => bench.activities.reserveStock(wanted)));
      await bench.activities.reserveStock(wanted);
      assert.deepEqual(await balanceOf(sku), [10, 4, 6]);
      assert.deepEqual(await eventsOf(wanted.orderId), [{ type: 'inventory.reserved', data: wanted }]);
    });

    it('sums two lines of one SKU, even above the limit of one line', async () => {
      const sku = await stocked(200_000);
      const line = { sku, quantity: 100_000 };
      await bench.activities.reserveStock(orderOf(line, line));
      assert.deepEqual(await balanceOf(sku), [200_000, 200_000, 0]);

      const scarce = await stocked(5);
      const tooMuch = orderOf({ sku: scarce, quantity: 3 }, { sku: scarce, quantity: 3 });
      await assert.rejects(bench.activities.reserveStock(tooMuch), {
        code: 'OutOfStock',
        message: `${scarce}: wanted 6, available 5`,
      });
    });

    it('reserves all lines or none, names each SKU that is short, and publishes an event', async () => {
      const [enough, short] = [await stocked(10), await stocked(1)];
      const wanted = orderOf(
        { sku: enough, quantity: 10 },
        { sku: short, quantity: 2 },
        { sku: 'UNHEARD-OF', quantity: 1 },
      );
      const reason = `${short}: wanted 2, available 1; UNHEARD-OF: wanted 1, available 0`;
      await assert.rejects(bench.activities.reserveStock(wanted), { code: 'OutOfStock', message: reason });
      assert.deepEqual(await balanceOf(enough), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), [
        { type: 'inventory.reservation_failed', data: { orderId: wanted.orderId, reason } },
      ]);
    });

    it('repeats the refusal even when stock arrives later', async () => {
      const sku = await stocked(0);
      const wanted = orderOf({ sku, quantity: 1 });
      await assert.rejects(bench.activities.reserveStock(wanted), { code: 'OutOfStock' });
      await adjust(sku, 5);
      await assert.rejects(bench.activities.reserveStock(wanted), { code: 'OutOfStock' });
      assert.deepEqual(await balanceOf(sku), [5, 0, 5]);
      assert.equal((await eventsOf(wanted.orderId)).length, 1);
    });

    it('repeats the reservation even when less stock is left than it took', async () => {
      const sku = await stocked(5);
      const wanted = orderOf({ sku, quantity: 4 });
      await bench.activities.reserveStock(wanted);
      await bench.activities.reserveStock(wanted);
      assert.deepEqual(await balanceOf(sku), [5, 4, 1]);
      assert.equal((await eventsOf(wanted.orderId)).length, 1);
    });

    it('shortens the reason when 2,000 lines are out of stock', async () => {
      const lines = Array.from({ length: 2000 }, (_, index) => ({ sku: `GONE-${index}`, quantity: 1 }));
      await assert.rejects(bench.activities.reserveStock(orderOf(...lines)), (error: Error) => {
        assert.match(error.message, /^GONE-0: wanted 1, available 0; .*; and 19\d\d more$/);
        return error.message.length < 1000;
      });
    });
  });

  describe('releaseStock', () => {
    it('releases the reserved stock once', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 4 });
      await bench.activities.reserveStock(wanted);
      await Promise.all([1, 2, 3].map(() => bench.activities.releaseStock({ orderId: wanted.orderId })));
      await bench.activities.releaseStock({ orderId: wanted.orderId });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), [
        { type: 'inventory.reserved', data: wanted },
        { type: 'inventory.released', data: wanted },
      ]);
    });

    it('before the reservation prevents a late reservation, and publishes no event', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 4 });
      await bench.activities.releaseStock({ orderId: wanted.orderId });
      await assert.rejects(bench.activities.reserveStock(wanted), { code: 'Undone' });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
      assert.deepEqual(await eventsOf(wanted.orderId), []);
    });

    it('is refused after the stock was committed', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 4 });
      await bench.activities.reserveStock(wanted);
      await bench.activities.commitStock({ orderId: wanted.orderId });
      await assert.rejects(bench.activities.releaseStock({ orderId: wanted.orderId }), { code: 'AlreadyCommitted' });
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
    });
  });

  describe('commitStock', () => {
    it('removes the stock once', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 4 });
      await bench.activities.reserveStock(wanted);
      await Promise.all([1, 2, 3].map(() => bench.activities.commitStock({ orderId: wanted.orderId })));
      await bench.activities.commitStock({ orderId: wanted.orderId });
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
    });

    it('is refused without a reservation, and after its release', async () => {
      await assert.rejects(bench.activities.commitStock({ orderId: randomUUID() }), { code: 'NotReserved' });
      const wanted = orderOf({ sku: await stocked(10), quantity: 4 });
      await bench.activities.reserveStock(wanted);
      await bench.activities.releaseStock({ orderId: wanted.orderId });
      await assert.rejects(bench.activities.commitStock({ orderId: wanted.orderId }), { code: 'NotReserved' });
    });
  });

  describe('restockReturn', () => {
    it('adds the stock back, once per return', async () => {
      const sku = await stocked(10);
      const wanted = orderOf({ sku, quantity: 6 });
      await bench.activities.reserveStock(wanted);
      await bench.activities.commitStock(wanted);
      const line = { sku, quantity: 2 };
      const back = { orderId: wanted.orderId, returnId: randomUUID(), lines: [line] };
      await Promise.all([1, 2, 3].map(() => bench.activities.restockReturn(back)));
      await bench.activities.restockReturn(back);
      assert.deepEqual(await balanceOf(sku), [6, 0, 6]);
      await bench.activities.restockReturn({ ...back, returnId: randomUUID(), lines: [line, line] });
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
    });

    it('without resellable items changes nothing', async () => {
      await bench.activities.restockReturn({ orderId: randomUUID(), returnId: randomUUID(), lines: [] });
    });
  });
});
