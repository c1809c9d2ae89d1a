import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { batchOrderReads, batchStockReads, batchReads } from '../../gateway/batch-reads.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { orderOf } from '../stage/gateway-builders.ts';
import { createFakeServices } from '../stage/fake-services.ts';

describe('reads that are put together', () => {
  /** Answers each key with how many questions there have been. */
  function counting(most = 100) {
    const asked: string[][] = [];
    const read = batchReads<number>(most, async (keys) => {
      asked.push(keys);
      await turn();
      return new Map(keys.map((key) => [key, asked.length]));
    });
    return { asked, read };
  }

  it('go in one question where they are wanted in one turn, each key once', async () => {
    const { asked, read } = counting();
    const first = [read('a'), read('b')];
    // As far as a request gets that has nothing to wait for.
    for (let step = 0; step < 50; step += 1) await Promise.resolve();
    assert.deepEqual(await Promise.all([...first, read('a')]), [1, 1, 1]);
    assert.deepEqual(asked, [['a', 'b']]);
  });

  it('never join a question that has been asked: what it finds may be older than the wish', async () => {
    const { asked, read } = counting();
    const first = read('a');
    while (asked.length === 0) await turn();
    const second = read('a');
    await Promise.all([first, second]);
    assert.deepEqual(asked, [['a'], ['a']]);
  });

  it('are no more than so many to a question', async () => {
    const { asked, read } = counting(2);
    await Promise.all(['a', 'b', 'c', 'b', 'd', 'e'].map(read));
    assert.deepEqual(
      asked.map(({ length }) => length),
      [2, 2, 2],
    );
  });

  it('fail together, and are asked anew afterwards', async () => {
    let failing = true;
    const read = batchReads<string>(10, async (keys) => {
      if (failing) throw new Error('nobody answers');
      return new Map(keys.map((key) => [key, key]));
    });
    const outcomes = await Promise.allSettled([read('a'), read('b')]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    failing = false;
    assert.equal(await read('a'), 'a');
  });

  it('find each its own order, or none', async () => {
    const services = createFakeServices();
    const [one, other] = [orderOf({}), orderOf({})];
    for (const order of [one, other]) services.store.orders.set(order.id, order);
    const orders = batchOrderReads(services.orders);
    const absent = '00000000-0000-4000-8000-000000000009';
    const [first, second, none] = await Promise.allSettled(
      [one.id, other.id, absent].map((orderId) => orders.getOrder({ orderId })),
    );
    assert.deepEqual(
      [first, second],
      [
        { status: 'fulfilled', value: one },
        { status: 'fulfilled', value: other },
      ],
    );
    assert.ok(none?.status === 'rejected' && none.reason instanceof Refusal && none.reason.code === 'OrderNotFound');
    assert.deepEqual(services.asked, ['orders.getOrders']);
  });

  it('find stock in the order asked, whoever else asks', async () => {
    const services = createFakeServices();
    for (const [sku, available] of [
      ['tea', 3],
      ['mug', 5],
    ] as const) {
      services.store.stock.set(sku, { sku, onHand: available, reserved: 0, available });
    }
    const inventory = batchStockReads(services.inventory);
    const [several, one] = await Promise.all([
      inventory.getStocks({ skus: ['mug', 'none', 'tea'] }),
      inventory.getStock({ sku: 'tea' }),
    ]);
    assert.deepEqual(
      several.items.map(({ sku, available }) => [sku, available]),
      [
        ['mug', 5],
        ['none', 0],
        ['tea', 3],
      ],
    );
    assert.equal(one.available, 3);
    assert.deepEqual(services.asked, ['inventory.getStocks']);
  });
});
