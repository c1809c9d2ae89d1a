import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CommitStock, type OrderStockTotals } from '../../../activities/inventory.ts';
import { inventoryBench } from '../../stage/test-inventory-service.ts';

describe('inventory: parts of an order', () => {
  const bench = inventoryBench();
  const { stocked } = bench;
  /** An order that has reserved so many pieces of a SKU of its own, of which there are ten. */
  async function reserved(quantity: number) {
    const [sku, orderId] = [await stocked(10), randomUUID()];
    await bench.activities.reserveStock({ orderId, lines: [{ sku, quantity }] });
    const lines = (pieces: number) => [{ sku, quantity: pieces }];
    const balance = async () => {
      const stock = await bench.requests.getStock({ sku });
      return [stock.onHand, stock.reserved];
    };
    return { sku, orderId, lines, balance };
  }

  it('leave in parcels, and without one all that is left does', async () => {
    const { orderId, lines, balance } = await reserved(8);
    const parcel = { orderId, parcelId: randomUUID(), lines: lines(3) };
    await Promise.all([1, 2, 3].map(() => bench.activities.commitStock(parcel)));
    assert.deepEqual(await balance(), [7, 5]);
    await bench.activities.commitStock({ orderId });
    await bench.activities.commitStock({ orderId });
    assert.deepEqual(await balance(), [2, 0]);
    await assert.rejects(bench.activities.commitStock({ ...parcel, parcelId: randomUUID() }), { code: 'NotReserved' });
  });

  it('are the parcel with the order’s id and what leaves without one, once', async () => {
    const { orderId, lines, balance } = await reserved(8);
    await bench.activities.commitStock({ orderId, parcelId: orderId, lines: lines(3) });
    await bench.activities.commitStock({ orderId });
    assert.deepEqual(await balance(), [7, 5]);
  });

  it('do not leave where less is reserved, also if two lines of a SKU are more together', async () => {
    const { orderId, lines, balance } = await reserved(4);
    const parcel = () => ({ orderId, parcelId: randomUUID() });
    await assert.rejects(bench.activities.commitStock({ ...parcel(), lines: [...lines(3), ...lines(2)] }), {
      code: 'NotReserved',
      message: /: 5 wanted, 4 reserved for order /,
    });
    const other = [{ sku: await stocked(5), quantity: 1 }];
    await assert.rejects(bench.activities.commitStock({ ...parcel(), lines: other }), { code: 'NotReserved' });
    assert.deepEqual(await balance(), [10, 4]);
  });

  it('name a parcel and its lines together', () => {
    const [orderId, parcelId] = [randomUUID(), randomUUID()];
    for (const half of [{ parcelId }, { lines: [{ sku: 'tea', quantity: 1 }] }]) {
      assert.ok(!CommitStock.safeParse({ orderId, ...half }).success);
    }
    assert.ok(CommitStock.safeParse({ orderId }).success);
  });

  it('are canceled before they leave, once for each release', async () => {
    const { orderId, lines, balance } = await reserved(8);
    const release = { orderId, releaseId: randomUUID(), lines: lines(3) };
    await Promise.all([1, 2, 3].map(() => bench.activities.releaseLines(release)));
    assert.deepEqual(await balance(), [10, 5]);
    await assert.rejects(bench.activities.releaseLines({ orderId, releaseId: randomUUID(), lines: lines(6) }), {
      code: 'NotReserved',
    });
    await bench.activities.commitStock({ orderId });
    assert.deepEqual(await balance(), [5, 0]);
    const released = await bench.database.db
      .selectFrom('outbox')
      .select('data')
      .where('subject', '=', orderId)
      .where('type', '=', 'inventory.released')
      .execute();
    assert.deepEqual(released, [{ data: { orderId, lines: lines(3) } }]);
  });

  it('are released when the rest of the order is, which is refused only once everything has left', async () => {
    const { orderId, lines, balance } = await reserved(8);
    await bench.activities.commitStock({ orderId, parcelId: randomUUID(), lines: lines(3) });
    await bench.activities.releaseStock({ orderId });
    await bench.activities.releaseStock({ orderId });
    assert.deepEqual(await balance(), [7, 0]);
    await assert.rejects(bench.activities.commitStock({ orderId, parcelId: randomUUID(), lines: lines(1) }), {
      code: 'NotReserved',
    });

    const gone = await reserved(2);
    await bench.activities.releaseLines({ orderId: gone.orderId, releaseId: randomUUID(), lines: gone.lines(1) });
    await bench.activities.commitStock({ orderId: gone.orderId, parcelId: randomUUID(), lines: gone.lines(1) });
    await assert.rejects(bench.activities.releaseStock({ orderId: gone.orderId }), { code: 'AlreadyCommitted' });

    const canceled = await reserved(2);
    await bench.activities.releaseLines({
      orderId: canceled.orderId,
      releaseId: randomUUID(),
      lines: canceled.lines(2),
    });
    await bench.activities.releaseStock({ orderId: canceled.orderId });
    assert.deepEqual(await canceled.balance(), [10, 0]);
  });

  describe('that are sent again', () => {
    it('are reserved once more, and leave, or are released', async () => {
      const { orderId, lines, balance } = await reserved(4);
      await bench.activities.commitStock({ orderId });
      const [sent, given] = [randomUUID(), randomUUID()];
      for (const parcelId of [sent, sent, given])
        await bench.activities.reserveParcel({ orderId, parcelId, lines: lines(2) });
      assert.deepEqual(await balance(), [6, 4]);
      await bench.activities.commitStock({ orderId, parcelId: sent, lines: lines(2) });
      for (const _again of [1, 2]) await bench.activities.releaseParcel({ orderId, parcelId: given });
      assert.deepEqual(await balance(), [4, 0]);
      await assert.rejects(bench.activities.releaseParcel({ orderId, parcelId: sent }), { code: 'AlreadyCommitted' });
      await assert.rejects(bench.activities.reserveParcel({ orderId, parcelId: given, lines: lines(2) }), {
        code: 'Undone',
      });
    });

    it('do not take what others of the order have reserved', async () => {
      const { orderId, lines, balance } = await reserved(4);
      const parcelId = randomUUID();
      await bench.activities.reserveParcel({ orderId, parcelId, lines: lines(2) });
      await bench.activities.commitStock({ orderId, parcelId, lines: lines(2) });
      await assert.rejects(bench.activities.releaseParcel({ orderId, parcelId }), { code: 'AlreadyCommitted' });
      assert.deepEqual(await balance(), [8, 4]);
    });

    it('are refused where stock is short, for good, and say so', async () => {
      const { orderId, lines } = await reserved(9);
      const parcel = { orderId, parcelId: randomUUID(), lines: lines(2) };
      await assert.rejects(bench.activities.reserveParcel(parcel), {
        code: 'OutOfStock',
        message: /wanted 2, available 1/,
      });
      await bench.activities.releaseStock({ orderId });
      await assert.rejects(bench.activities.reserveParcel(parcel), { code: 'OutOfStock' });
    });

    it('are not reserved after their release, which also comes first', async () => {
      const { orderId, lines, balance } = await reserved(1);
      const parcelId = randomUUID();
      await bench.activities.releaseParcel({ orderId, parcelId });
      await assert.rejects(bench.activities.reserveParcel({ orderId, parcelId, lines: lines(2) }), { code: 'Undone' });
      assert.deepEqual(await balance(), [10, 1]);
    });
  });

  it('come back to the sender, once for each parcel', async () => {
    const { orderId, lines, balance } = await reserved(4);
    await bench.activities.commitStock({ orderId });
    const parcel = { orderId, parcelId: orderId, lines: [...lines(1), ...lines(1)] };
    await Promise.all([1, 2, 3].map(() => bench.activities.restockParcel(parcel)));
    assert.deepEqual(await balance(), [8, 0]);
    await bench.activities.restockParcel({ orderId, parcelId: randomUUID(), lines: [] });
  });

  it('are in the totals of their order', async () => {
    const { sku, orderId, lines } = await reserved(8);
    const parcel = { orderId, parcelId: randomUUID(), lines: lines(2) };
    await bench.activities.commitStock(parcel);
    await bench.activities.releaseLines({ orderId, releaseId: randomUUID(), lines: lines(1) });
    const again = { orderId, parcelId: randomUUID(), lines: lines(2) };
    await bench.activities.reserveParcel(again);
    await bench.activities.commitStock(again);
    await bench.activities.restockParcel(parcel);
    await bench.activities.releaseStock({ orderId });
    const { items } = await bench.requests.listBooks({ limit: 1000 });
    const totals: OrderStockTotals = {
      orderId,
      lines: [{ sku, reserved: 10, released: 6, committed: 4, restocked: 2 }],
    };
    assert.deepEqual(
      items.find((order) => order.orderId === orderId),
      totals,
    );
  });
});
