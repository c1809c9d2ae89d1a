import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { dispatchedUnnoticed } from '../../stage/faults.ts';
import { confirmed, durableCallsOf, finish } from '../../stage/order-actions.ts';
import { type TestWorkers, useTestWorkers } from '../../stage/test-workers.ts';

describe('order workflow, from dispatch on', function () {
  this.timeout(240_000);
  // The tests mostly wait for retries, so they run concurrently.
  const test = concurrently(24);
  const workers = useTestWorkers();

  for (const lane of Lane.options) {
    describe(`in the lane ${lane}`, () => forwardTests(test, () => workers().inLane(lane)));
  }
});

function forwardTests(test: ReturnType<typeof concurrently>, workers: () => TestWorkers) {
  test('continues when the booking timed out but the parcel was dispatched', async () => {
    const order = await workers().place(dispatchedUnnoticed());
    await confirmed(order);
    await finish(order);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
  });

  test('polls the carrier when no update arrives, and completes the order', async () => {
    const order = await workers().place();
    await confirmed(order);
    order.world.parcel = 'delivered';
    assert.equal((await order.handle.result()).status, 'completed');
    assert.equal(order.world.calls.includes('trackShipment'), true);
  });

  test('is canceled and compensated when the carrier cancels the shipment', async () => {
    const order = await workers().place();
    await confirmed(order);
    order.world.parcel = 'canceled';
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual([order.world.money, order.world.stock], ['void', 'released']);
  });

  test('ignores a signal without input', async () => {
    const order = await workers().place();
    await confirmed(order);
    await order.handle.signal('parcelMoved');
    await finish(order);
  });

  test('waits for the order service without filling the workflow history, and continues when it is back', async () => {
    let closed = true;
    const order = await workers().place({
      confirmOrder: async ({ number, next }) => {
        if (closed && number <= 6) throw new Error('the database does not answer');
        closed = false;
        return next();
      },
    });
    await finish(order);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    assert.equal(await durableCallsOf(order, 'confirmOrder'), 1);
  });
}
