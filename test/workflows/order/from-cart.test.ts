import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import type { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { assertNothingLeft, confirmed, finish, outcomes } from '../../stage/order-actions.ts';
import { type Fault, type Faults, useTestWorkers } from '../../stage/test-workers.ts';
import { answerLost, faultyTwice, refuse } from '../../stage/faults.ts';
import { CART_STEP, COMPENSABLE } from './step-matrix.ts';

describe('order workflow, from a cart', function () {
  this.timeout(240_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  for (const lane of Lane.options) {
    const place = (faults: Faults = {}) => workers().inLane(lane).place(faults, { fromCart: true });

    describe(`in the lane ${lane}`, () => {
      test('takes the lines first, and once', async () => {
        const order = await place({ takeLines: answerLost((number) => number === 1) });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['take', 'reserve', 'hold', 'book']);
        assert.deepEqual(outcomes(order, 'takeLines'), ['started', 'succeeded']);
        await finish(order);
        assert.equal(order.world.cart, 'taken');
      });

      test('refused: no other service is called, and the order is rejected', async () => {
        const order = await place({ takeLines: refuse('CartChanged') });
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.deepEqual(order.world.rejection, { code: 'CartChanged', detail: 'takeLines refused' });
        // If the first try times out, it is unknown how far it came, and everything it may have done is compensated.
        const tries = order.world.calls.filter((call) => call === 'takeLines').length;
        const compensations = tries > 1 ? COMPENSABLE.map(({ compensation }) => compensation) : [];
        const called = [...new Set(order.world.calls)].filter(
          (call) => !compensations.some((compensation) => compensation === call),
        );
        assert.deepEqual(called, ['takeLines', 'putLinesBack']);
        assert.deepEqual(order.world.effects, []);
      });

      test('fails at first: is retried', async () => {
        const order = await place({ takeLines: faultyTwice });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['take', 'reserve', 'hold', 'book']);
        await finish(order);
      });

      test('every response lost after the effect: times out, and the lines return to the cart', async () => {
        const order = await place({ takeLines: answerLost(() => true) });
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.deepEqual(order.world.effects, ['take', 'put back']);
      });

      test('canceled meanwhile: the lines cannot be taken late', async () => {
        const underway = Promise.withResolvers<void>();
        const canceled = Promise.withResolvers<void>();
        const late = Promise.withResolvers<unknown>();
        const takeLines: Fault = async ({ next }) => {
          underway.resolve();
          await canceled.promise;
          await next().catch(late.resolve);
          throw new Error('too late to matter');
        };
        const order = await place({ takeLines });
        await underway.promise;
        await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
        assert.equal((await order.handle.result()).status, 'canceled');
        canceled.resolve();
        assert.equal(((await late.promise) as Refusal).code, 'Undone');
        assert.deepEqual(order.world.effects, []);
      });

      for (const { step, refusal } of COMPENSABLE) {
        test(`${step} refused: the lines return to the cart last`, async () => {
          const order = await place({ [step]: refuse(refusal), [CART_STEP.compensation]: faultyTwice });
          assert.equal((await order.handle.result()).status, 'rejected');
          assert.deepEqual([order.world.effects[0], order.world.effects.at(-1)], [CART_STEP.effect, CART_STEP.reverse]);
          assertNothingLeft(order);
        });
      }

      test('canceled when confirmed: the lines return to the cart', async () => {
        const order = await place();
        await confirmed(order);
        await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
        assert.equal((await order.handle.result()).status, 'canceled');
        assert.deepEqual(order.world.effects.slice(-4), ['cancel', 'void', 'release', 'put back']);
        assert.deepEqual(outcomes(order, 'takeLines').at(-1), 'compensated');
      });

      test('an order with its own lines does not use the cart', async () => {
        const order = await workers()
          .inLane(lane)
          .place({ bookShipment: refuse('AddressUndeliverable') });
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.ok(!order.world.calls.includes('takeLines') && !order.world.calls.includes('putLinesBack'));
      });
    });
  }
});
