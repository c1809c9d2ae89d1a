import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { OrderStockTotals } from '../../../activities/inventory.ts';
import { connect } from '../../../platform/database/connection.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { inventoryBench, orderOf } from '../../stage/test-inventory-service.ts';

describe('inventory requests', () => {
  const bench = inventoryBench();
  const { stocked, adjust, balanceOf } = bench;

  describe('listBooks', () => {
    it('lists the ledger sums of every order, by ascending id, page by page', async () => {
      const [sku, other] = [await stocked(100), await stocked(100)];
      const orders = Array.from({ length: 5 }, () => orderOf({ sku, quantity: 4 }, { sku: other, quantity: 1 }));
      for (const wanted of orders) await bench.activities.reserveStock(wanted);
      const [shipped, released] = orders as [(typeof orders)[0], (typeof orders)[0]];
      await bench.activities.commitStock({ orderId: shipped.orderId });
      const back = { orderId: shipped.orderId, returnId: randomUUID(), lines: [{ sku, quantity: 3 }] };
      await bench.activities.restockReturn(back);
      await bench.activities.releaseStock({ orderId: released.orderId });

      const totals: OrderStockTotals[] = [];
      let after: string | undefined;
      do {
        const page = await bench.requests.listBooks({ limit: 2, ...(after && { after }) });
        assert.ok(page.items.length <= 2);
        totals.push(...page.items);
        after = page.next ?? undefined;
      } while (after);
      const ids = totals.map(({ orderId }) => orderId);
      assert.deepEqual(ids, ids.toSorted());
      assert.equal(new Set(ids).size, ids.length);
      for (const { orderId } of orders) assert.ok(ids.includes(orderId));
      const linesOf = (orderId: string) =>
        totals.find((one) => one.orderId === orderId)!.lines.find((line) => line.sku === sku);
      const reservedOnly = { sku, reserved: 4, released: 0, committed: 0, restocked: 0 };
      assert.deepEqual(linesOf(shipped.orderId), { ...reservedOnly, committed: 4, restocked: 3 });
      assert.deepEqual(linesOf(released.orderId), { ...reservedOnly, released: 4 });
      assert.deepEqual(linesOf(orders[2]!.orderId), reservedOnly);
    });

    it('refuses a cursor that it did not issue', async () => {
      for (const after of ['nonsense', encodeCursor(['not-an-id']), encodeCursor([randomUUID(), 'x'])]) {
        await assert.rejects(bench.requests.listBooks({ limit: 2, after }), { code: 'BadCursor' });
      }
    });
  });

  describe('adjustStock', () => {
    it('creates the balance, and returns the first response to a repeat', async () => {
      const sku = `NEW-${randomUUID()}`;
      const adjustment = { adjustmentId: randomUUID(), sku, delta: 7, reason: 'delivery', adjustedBy: 'admin' };
      const response = { sku, onHand: 7, reserved: 0, available: 7, lowStockAt: null };
      assert.deepEqual(await bench.requests.adjustStock(adjustment), response);
      await adjust(sku, 3);
      assert.deepEqual(await bench.requests.adjustStock(adjustment), response);
      assert.deepEqual(await balanceOf(sku), [10, 0, 10]);
    });

    it('is refused if it would leave less than is reserved', async () => {
      const sku = await stocked(10);
      await bench.activities.reserveStock(orderOf({ sku, quantity: 6 }));
      await assert.rejects(adjust(sku, -5), { code: 'InsufficientStock' });
      assert.deepEqual(await adjust(sku, -4), { sku, onHand: 6, reserved: 6, available: 0, lowStockAt: null });
      await assert.rejects(adjust(`NEW-${randomUUID()}`, -1), { code: 'InsufficientStock' });
    });

    it('records who made the adjustment and why', async () => {
      const sku = await stocked(3);
      const row = await bench.database.db
        .selectFrom('stock_ledger')
        .select(['kind', 'on_hand_delta', 'reason', 'adjusted_by', 'order_id'])
        .where('sku', '=', sku)
        .execute();
      assert.deepEqual(row, [
        { kind: 'adjust', on_hand_delta: 3, reason: 'counted', adjusted_by: 'admin', order_id: null },
      ]);
    });
  });

  describe('getStocks', () => {
    it('returns stocks in the requested order, with zeros for unknown and invalid SKUs', async () => {
      const sku = await stocked(2);
      const { items } = await bench.requests.getStocks({ skus: ['NONE', sku, 'no\0sku', sku] });
      assert.deepEqual(
        items.map((stock) => [stock.sku, stock.available]),
        [
          ['NONE', 0],
          [sku, 2],
          ['no\0sku', 0],
          [sku, 2],
        ],
      );
      assert.deepEqual(await bench.requests.getStocks({ skus: [] }), { items: [] });
    });
  });

  describe('the database', () => {
    it('does not let the service rewrite the ledger', async () => {
      await stocked(1);
      for (const statement of [
        'update stock_ledger set reason = null',
        'delete from stock_ledger',
        'truncate stock_ledger',
      ]) {
        await assert.rejects(sql.raw(statement).execute(bench.database.db), /permission denied/);
      }
    });

    it('refuses to oversell or to go below zero', async () => {
      const sku = await stocked(1);
      const set = (values: { on_hand?: number; reserved?: number }) =>
        bench.database.db.updateTable('stock').set(values).where('sku', '=', sku).execute();
      await assert.rejects(set({ reserved: 2 }), /not_oversold/);
      await assert.rejects(set({ reserved: -1 }), /reserved_not_negative/);
      await assert.rejects(set({ on_hand: -1, reserved: -1 }), /on_hand_counts/);
    });
  });

  describe('checkBalances', () => {
    it('describes a wrong balance', async () => {
      const sku = await stocked(5);
      const owner = connect<InventoryDatabase>(bench.database.ownerUrl, 1);
      try {
        const set = (on_hand: number) => owner.updateTable('stock').set({ on_hand }).where('sku', '=', sku).execute();
        await set(6);
        assert.deepEqual(await bench.requests.checkBalances({}), {
          discrepancies: [`${sku}: on hand 6, the ledger says 5; reserved 0, the ledger says 0`],
        });
        await set(5);
      } finally {
        await owner.destroy();
      }
    });
  });
});
