import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { inventoryEvents } from '../../../activities/inventory.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import { patiently } from '../../stage/retry-pool-timeout.ts';
import { inventoryBench, orderOf } from '../../stage/test-inventory-service.ts';

describe('low stock', function () {
  this.timeout(120_000);
  const bench = inventoryBench();
  const { adjust } = bench;

  /** Creates a SKU with these pieces, which is low once no more than `lowStockAt` are available. */
  async function stocked(onHand: number, lowStockAt: number | null): Promise<string> {
    const sku = `S-${randomUUID()}`;
    await adjust(sku, onHand);
    await bench.requests.setLowStock({ sku, lowStockAt });
    return sku;
  }
  const reserve = async (sku: string, quantity: number) => {
    const wanted = orderOf({ sku, quantity });
    await bench.activities.reserveStock(wanted);
    return wanted;
  };
  /** What each event says is available. */
  const eventsOf = async (sku: string) => {
    const query = bench.database.db.selectFrom('outbox').select('data').where('subject', '=', sku).orderBy('sequence');
    return (await query.where('type', '=', 'inventory.low').execute()).map(
      ({ data }) => inventoryEvents['inventory.low'].parse(data).available,
    );
  };

  describe('inventory.low', () => {
    it('is published once when stock falls to the threshold, and not for what is reserved after that', async () => {
      const sku = await stocked(10, 5);
      await reserve(sku, 4);
      assert.deepEqual(await eventsOf(sku), []);
      await reserve(sku, 1);
      await reserve(sku, 2);
      assert.deepEqual(await eventsOf(sku), [5]);
    });

    it('says which SKU, how much is available, and the threshold', async () => {
      const sku = await stocked(10, 5);
      await reserve(sku, 8);
      const { source, data } = await bench.database.db
        .selectFrom('outbox')
        .select(['source', 'data'])
        .where('subject', '=', sku)
        .executeTakeFirstOrThrow();
      assert.deepEqual([source, data], ['/services/inventory', { sku, available: 2, lowStockAt: 5 }]);
    });

    it('is published again only after stock has been above the threshold', async () => {
      const sku = await stocked(10, 5);
      const wanted = await reserve(sku, 5);
      await adjust(sku, -1);
      await adjust(sku, 1);
      assert.deepEqual(await eventsOf(sku), [5]);
      await bench.activities.releaseStock({ orderId: wanted.orderId });
      await reserve(sku, 6);
      assert.deepEqual(await eventsOf(sku), [5, 4]);
    });

    it('is published by an adjustment too, but not by what leaves the warehouse, comes back or is released', async () => {
      const sku = await stocked(10, 5);
      await adjust(sku, -5);
      assert.deepEqual(await eventsOf(sku), [5]);
      await adjust(sku, 3);
      const [shipped, released] = [await reserve(sku, 1), await reserve(sku, 1)];
      await bench.activities.commitStock({ orderId: shipped.orderId });
      await bench.activities.releaseStock({ orderId: released.orderId });
      const lines = [{ sku, quantity: 1 }];
      await bench.activities.restockReturn({ orderId: shipped.orderId, returnId: randomUUID(), lines });
      assert.deepEqual(await eventsOf(sku), [5]);
    });

    it('is published once for each SKU of an order that becomes low by it', async () => {
      const [low, lower, enough, none] = [
        await stocked(10, 5),
        await stocked(9, 8),
        await stocked(10, 1),
        await stocked(10, null),
      ];
      const wanted = orderOf(...[low, lower, enough, none].map((sku) => ({ sku, quantity: 5 })));
      await bench.activities.reserveStock(wanted);
      await bench.activities.reserveStock(wanted);
      assert.deepEqual(await Promise.all([low, lower, enough, none].map(eventsOf)), [[5], [4], [], []]);
    });

    it('is not published by an order that is refused', async () => {
      const sku = await stocked(10, 5);
      const refused = orderOf({ sku, quantity: 6 }, { sku: `NONE-${randomUUID()}`, quantity: 1 });
      await assert.rejects(bench.activities.reserveStock(refused), { code: 'OutOfStock' });
      assert.deepEqual(await eventsOf(sku), []);
    });

    it('is published where a threshold makes stock low, once however often it is set', async () => {
      const sku = await stocked(10, null);
      for (const lowStockAt of [9, 10, 10, 12, 9, 11]) await bench.requests.setLowStock({ sku, lowStockAt });
      // Low at 10 and 12, not low at 9, low again at 11.
      assert.deepEqual(await eventsOf(sku), [10, 10]);
      await bench.requests.setLowStock({ sku, lowStockAt: null });
      await reserve(sku, 10);
      assert.deepEqual(await eventsOf(sku), [10, 10]);
    });

    it('is published exactly once by 60 concurrent orders that cross the threshold', async () => {
      const sku = await stocked(100, 50);
      await Promise.all(Array.from({ length: 60 }, () => patiently(() => reserve(sku, 1))));
      assert.deepEqual(await eventsOf(sku), [50]);
    });

    it('is published exactly once for each crossing of many orders that reserve and release at once', async () => {
      const skus = await Promise.all(Array.from({ length: 4 }, () => stocked(40, 20)));
      const lines = skus.map((sku) => ({ sku, quantity: 1 }));
      await Promise.all(
        Array.from({ length: 80 }, async (_, index) => {
          const wanted = orderOf(...(index % 2 === 0 ? lines : lines.toReversed()));
          const reserved = patiently(() => bench.activities.reserveStock(wanted)).then(
            () => true,
            () => false,
          );
          if ((await reserved) && index % 3 > 0) await patiently(() => bench.activities.releaseStock(wanted));
        }),
      );
      for (const sku of skus) assert.equal((await eventsOf(sku)).length, await crossingsOf(sku), sku);
    });

    /** How often what is available fell from above 20 to 20 or less, according to the ledger. */
    async function crossingsOf(sku: string): Promise<number> {
      const query = bench.database.db.selectFrom('stock_ledger').select(['on_hand_delta', 'reserved_delta']);
      let available = 0;
      let crossings = 0;
      for (const row of await query.where('sku', '=', sku).orderBy('id').execute()) {
        const before = available;
        available += row.on_hand_delta - row.reserved_delta;
        if (before > 20 && available <= 20) crossings += 1;
      }
      assert.ok(crossings > 0);
      return crossings;
    }
  });

  describe('setLowStock', () => {
    it('shows the threshold with the stock, and changes nothing else', async () => {
      const sku = await stocked(10, 5);
      await reserve(sku, 2);
      const stock = { sku, onHand: 10, reserved: 2, available: 8, lowStockAt: 7 };
      assert.deepEqual(await bench.requests.setLowStock({ sku, lowStockAt: 7 }), stock);
      assert.deepEqual(await bench.requests.getStock({ sku }), stock);
      assert.equal((await adjust(sku, 1)).lowStockAt, 7);
    });

    it('can be done before there is any stock', async () => {
      const sku = `NEW-${randomUUID()}`;
      const stock = { sku, onHand: 0, reserved: 0, available: 0, lowStockAt: 3 };
      assert.deepEqual(await bench.requests.setLowStock({ sku, lowStockAt: 3 }), stock);
      assert.deepEqual(await eventsOf(sku), [0]);
      await adjust(sku, 4);
      await reserve(sku, 1);
      assert.deepEqual(await eventsOf(sku), [0, 3]);
    });
  });

  describe('listStock', () => {
    const skusOf = async (low?: boolean) => {
      const skus: string[] = [];
      let after: string | undefined;
      do {
        const page = await bench.requests.listStock({
          limit: 2,
          ...(low !== undefined && { low }),
          ...(after && { after }),
        });
        assert.ok(page.items.length <= 2);
        skus.push(...page.items.map(({ sku }) => sku));
        after = page.next ?? undefined;
      } while (after);
      return skus;
    };

    it('lists all stock, what is low, or what is not, by SKU and page by page', async () => {
      const [low, exact, above, none] = [
        await stocked(1, 5),
        await stocked(5, 5),
        await stocked(6, 5),
        await stocked(0, null),
      ];
      const [all, lows, others] = [await skusOf(), await skusOf(true), await skusOf(false)];
      assert.deepEqual(all, all.toSorted());
      assert.deepEqual([...lows, ...others].toSorted(), all);
      for (const sku of [low, exact]) assert.ok(lows.includes(sku));
      for (const sku of [above, none]) assert.ok(others.includes(sku));
      await adjust(low, 5);
      assert.ok(!(await skusOf(true)).includes(low));
    });

    it('refuses a cursor that it did not issue', async () => {
      for (const after of ['nonsense', encodeCursor(['no\0sku']), encodeCursor(['a', 'b'])]) {
        await assert.rejects(bench.requests.listStock({ limit: 2, after }), { code: 'BadCursor' });
      }
    });
  });
});
