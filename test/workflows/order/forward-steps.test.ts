import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { answerLost, faultyTwice, dispatchedUnnoticed, refuse, refuseOnce } from '../../stage/faults.ts';
import {
  durableCallsOf,
  attempt,
  confirmed,
  finish,
  isRefused,
  openIntervention,
  resolve,
  triesOf,
} from '../../stage/order-actions.ts';
import { type TestWorkers, type Fault, useTestWorkers } from '../../stage/test-workers.ts';
import { FORWARD_ONLY } from './step-matrix.ts';

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
  for (const { step, refusal, effect } of FORWARD_ONLY) {
    describe(step, () => {
      test('fails at first: is retried until it succeeds', async () => {
        const order = await workers().place({ [step]: faultyTwice });
        await finish(order);
        const tries = await triesOf(order, step);
        assert.ok(tries >= 3, String(tries));
        assert.equal(attempt(order, step, 'succeeded'), tries);
        assert.equal(order.world.effects.filter((name) => name === effect).length, 1);
      });

      test('response lost after the effect: is repeated, and takes effect once', async () => {
        const order = await workers().place({ [step]: answerLost((number) => number <= 2) });
        await finish(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
      });

      for (const action of ['retry', 'skip'] as const) {
        test(`refused: waits for a person, who decides on ${action}`, async () => {
          const order = await workers().place({ [step]: action === 'retry' ? refuseOnce : refuse(refusal) });
          await order.moved('dispatched');
          const interventionId = await openIntervention(order, step);
          assert.equal(order.world.status, 'requires_action');
          await resolve(order.handle, interventionId, action);
          await finish(order);
          assert.equal(order.world.effects.includes(effect), action === 'retry');
          assert.equal(order.world.status, 'completed');
        });
      }

      test('can no longer be canceled', async () => {
        const underway = Promise.withResolvers<void>();
        const go = Promise.withResolvers<void>();
        const order = await workers().place({
          [step]: async ({ next }) => {
            underway.resolve();
            await go.promise;
            return next();
          },
        } satisfies Record<string, Fault>);
        await order.moved('dispatched');
        await underway.promise;
        await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
        go.resolve();
        await finish(order);
      });
    });
  }

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
