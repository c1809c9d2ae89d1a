import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { batchOrderReads, batchStockReads, createBatchReader } from '../../../gateway/upstream/batch-reads.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { orderOf, stockOf } from '../../stage/gateway-builders.ts';
import { createFakeServices } from '../../stage/fake-services.ts';

describe('batched reads', () => {
  /** Reads the number of batches so far as the value of each key. */
  function counting(maxBatchSize = 100) {
    const batches: string[][] = [];
    const read = createBatchReader<number>(maxBatchSize, async (keys) => {
      batches.push(keys);
      await turn();
      return new Map(keys.map((key) => [key, batches.length]));
    });
    return { batches, read };
  }

  it('of one turn of the event loop share a request, each key once', async () => {
    const { batches, read } = counting();
    const first = [read('a'), read('b')];
    // As many microtasks as a request may run without waiting.
    for (let step = 0; step < 50; step += 1) await Promise.resolve();
    assert.deepEqual(await Promise.all([...first, read('a')]), [1, 1, 1]);
    assert.deepEqual(batches, [['a', 'b']]);
  });

  it('never join a request that has been sent: its response may be older than the call', async () => {
    const { batches, read } = counting();
    const first = read('a');
    while (batches.length === 0) await turn();
    const second = read('a');
    await Promise.all([first, second]);
    assert.deepEqual(batches, [['a'], ['a']]);
  });

  it('have a maximum number per request', async () => {
    const { batches, read } = counting(2);
    await Promise.all(['a', 'b', 'c', 'b', 'd', 'e'].map(read));
    assert.deepEqual(
      batches.map(({ length }) => length),
      [2, 2, 1],
    );
  });

  it('fail together, and are repeated afterwards', async () => {
    let failing = true;
    const read = createBatchReader<string>(10, async (keys) => {
      if (failing) throw new Error('no response');
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

  it('each find their own order, or none', async () => {
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
    assert.deepEqual(services.calls, ['orders.getOrders']);
  });

  it('find stock in the requested order, together with other callers', async () => {
    const services = createFakeServices();
    for (const [sku, available] of [
      ['tea', 3],
      ['mug', 5],
    ] as const) {
      services.store.stock.set(sku, stockOf({ sku, onHand: available }));
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
    assert.deepEqual(services.calls, ['inventory.getStocks']);
  });
});
