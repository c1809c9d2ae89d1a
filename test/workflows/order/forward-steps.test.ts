import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { cancelUpdate, parcelMovedSignal } from '../../../workflows/order/messages.ts';
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
import { type Stage, type Fault, createStage } from '../../stage/test-workers.ts';
import { FORWARD_ONLY } from './step-matrix.ts';

describe('order workflow, from dispatch on', function () {
  this.timeout(240_000);
  // Most of a test is waiting for retries, so the lanes are played side by side.
  const test = concurrently(24);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  for (const lane of Lane.options) {
    describe(`in the lane ${lane}`, () => forwardTests(test, () => stage.in(lane)));
  }
});

function forwardTests(test: ReturnType<typeof concurrently>, on: () => Stage) {
  for (const { step, refusal, effect } of FORWARD_ONLY) {
    describe(step, () => {
      test('faulty, then fine: is tried until it is done', async () => {
        const order = await on().place({ [step]: faultyTwice });
        await finish(order);
        const tries = await triesOf(order, step);
        assert.ok(tries >= 3, String(tries));
        assert.equal(attempt(order, step, 'succeeded'), tries);
        assert.equal(order.world.effects.filter((name) => name === effect).length, 1);
      });

      test('answer lost after the effect: is asked again, and happens once', async () => {
        const order = await on().place({ [step]: answerLost((number) => number <= 2) });
        await finish(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
      });

      for (const action of ['retry', 'skip'] as const) {
        test(`refused: waits for a person, who says ${action}`, async () => {
          const order = await on().place({ [step]: action === 'retry' ? refuseOnce : refuse(refusal) });
          await order.handle.signal(parcelMovedSignal, { status: 'dispatched' });
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
        const order = await on().place({
          [step]: async ({ next }) => {
            underway.resolve();
            await go.promise;
            return next();
          },
        } satisfies Record<string, Fault>);
        await order.handle.signal(parcelMovedSignal, { status: 'dispatched' });
        await underway.promise;
        await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
        go.resolve();
        await finish(order);
      });
    });
  }

  test('goes forward where the booking was given up but the parcel has left', async () => {
    const order = await on().place(dispatchedUnnoticed());
    await confirmed(order);
    await finish(order);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
  });

  test('asks the carrier itself when no news comes, and hears what happened', async () => {
    const order = await on().place();
    await confirmed(order);
    order.world.parcel = 'delivered';
    assert.equal(await order.handle.result(), 'completed');
    assert.equal(order.world.calls.includes('trackShipment'), true);
  });

  test('is canceled and undone where the carrier gave the parcel up', async () => {
    const order = await on().place();
    await confirmed(order);
    order.world.parcel = 'canceled';
    assert.equal(await order.handle.result(), 'canceled');
    assert.deepEqual([order.world.money, order.world.stock], ['void', 'released']);
  });

  test('takes a signal without input for no news', async () => {
    const order = await on().place();
    await confirmed(order);
    await order.handle.signal('parcelMoved');
    await finish(order);
  });

  test('waits for its bookkeeping without filling its history, and goes on when they are back', async () => {
    let closed = true;
    const order = await on().place({
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
