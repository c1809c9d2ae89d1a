import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import type { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { assertNothingLeft, confirmed, finish, outcomes } from '../../stage/order-actions.ts';
import { type Stage, type Fault, type Faults, createStage } from '../../stage/test-workers.ts';
import { answerLost, faultyTwice, refuse } from '../../stage/faults.ts';
import { TAKEN, UNDOABLE } from './step-matrix.ts';

describe('order workflow, from a cart', function () {
  this.timeout(240_000);
  const test = concurrently(16);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  for (const lane of Lane.options) {
    const place = (faults: Faults = {}) => stage.in(lane).place(faults, { fromCart: true });

    describe(`in the lane ${lane}`, () => {
      test('takes the lines before anything else, and once', async () => {
        const order = await place({ takeLines: answerLost((number) => number === 1) });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['take', 'reserve', 'hold', 'book']);
        assert.deepEqual(outcomes(order, 'takeLines'), ['started', 'succeeded']);
        await finish(order);
        assert.equal(order.world.cart, 'taken');
      });

      test('refused: nobody else is asked for anything, and the order is rejected', async () => {
        const order = await place({ takeLines: refuse('CartChanged') });
        assert.equal(await order.handle.result(), 'rejected');
        assert.deepEqual(order.world.rejection, { code: 'CartChanged', detail: 'takeLines said no' });
        // Where a first try may run out of time nobody knows how far it came, and all that it may have done is undone.
        const tries = order.world.calls.filter((call) => call === 'takeLines').length;
        const undos = tries > 1 ? UNDOABLE.map(({ undo }) => undo) : [];
        const asked = [...new Set(order.world.calls)].filter((call) => !undos.some((undo) => undo === call));
        assert.deepEqual(asked, ['takeLines', 'putLinesBack']);
        assert.deepEqual(order.world.effects, []);
      });

      test('faulty, then fine: is tried again', async () => {
        const order = await place({ takeLines: faultyTwice });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['take', 'reserve', 'hold', 'book']);
        await finish(order);
      });

      test('every answer lost after the effect: gives up in time, and the lines come back', async () => {
        const order = await place({ takeLines: answerLost(() => true) });
        assert.equal(await order.handle.result(), 'rejected');
        assert.deepEqual(order.world.effects, ['take', 'put back']);
      });

      test('canceled meanwhile: a late taking cannot happen any more', async () => {
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
        assert.equal(await order.handle.result(), 'canceled');
        canceled.resolve();
        assert.equal(((await late.promise) as Refusal).code, 'Undone');
        assert.deepEqual(order.world.effects, []);
      });

      for (const { step, refusal } of UNDOABLE) {
        test(`${step} refused: the lines come back last of all`, async () => {
          const order = await place({ [step]: refuse(refusal), [TAKEN.undo]: faultyTwice });
          assert.equal(await order.handle.result(), 'rejected');
          assert.deepEqual([order.world.effects[0], order.world.effects.at(-1)], [TAKEN.effect, TAKEN.reverse]);
          assertNothingLeft(order);
        });
      }

      test('canceled when confirmed: the lines come back', async () => {
        const order = await place();
        await confirmed(order);
        await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
        assert.equal(await order.handle.result(), 'canceled');
        assert.deepEqual(order.world.effects.slice(-4), ['cancel', 'void', 'release', 'put back']);
        assert.deepEqual(outcomes(order, 'takeLines').at(-1), 'compensated');
      });

      test('an order of given lines asks no cart', async () => {
        const order = await stage.in(lane).place({ bookShipment: refuse('AddressUndeliverable') });
        assert.equal(await order.handle.result(), 'rejected');
        assert.ok(!order.world.calls.includes('takeLines') && !order.world.calls.includes('putLinesBack'));
      });
    });
  }
});
