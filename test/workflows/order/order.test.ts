import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { assertNothingLeft, attempt, confirmed, finish, outcomes, triesOf } from '../../stage/order-actions.ts';
import { type TestOrder, type TestWorkers, type Fault, useTestWorkers } from '../../stage/test-workers.ts';
import { answerLost, faultyTwice, refuse } from '../../stage/faults.ts';
import { COMPENSABLE } from './step-matrix.ts';

describe('order workflow', function () {
  this.timeout(240_000);
  // The tests mostly wait for retries, so they run concurrently.
  const test = concurrently(24);
  const workers = useTestWorkers();

  for (const lane of Lane.options) {
    describe(`in the lane ${lane}`, () => sagaTests({ lane, test, workers: () => workers().inLane(lane) }));
  }
});

interface LaneTests {
  lane: Lane;
  test: ReturnType<typeof concurrently>;
  workers: () => TestWorkers;
}

function sagaTests({ lane, test, workers }: LaneTests) {
  /**
   * The calls of these steps and compensations, in the order of their first call. In the lane `durable` these are all
   * calls. In the other lanes a step may have been tried before; if that try times out on a busy machine, steps that it
   * did not reach are compensated too.
   */
  function callsOf({ world }: TestOrder, rows: typeof COMPENSABLE): string[] {
    if (lane === 'durable') return world.calls;
    const known = rows.flatMap(({ step, compensation }): string[] => [step, compensation]);
    return [...new Set(world.calls)].filter((call) => known.includes(call));
  }
  /** The tries that the history counts before the durable ones. An express attempt that times out is not counted. */
  const earlierTries = { durable: [0], 'local-first': [1], express: [0, 1] }[lane];

  test('carries an order from placed to completed, and charges and ships it once', async () => {
    const order = await workers().place();
    await order.moved('dispatched');
    await order.moved('delivered');

    assert.equal((await order.handle.result()).status, 'completed');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    assert.deepEqual(
      order.world.history.map(({ step, outcome, attempt }) => [
        step,
        outcome,
        attempt && (lane === 'durable' ? attempt : 1),
      ]),
      [
        ['record', 'succeeded', undefined],
        ['reserveStock', 'started', undefined],
        ['reserveStock', 'succeeded', 1],
        ['authorizePayment', 'started', undefined],
        ['authorizePayment', 'succeeded', 1],
        ['bookShipment', 'started', undefined],
        ['bookShipment', 'succeeded', 1],
        ['confirm', 'succeeded', undefined],
        ['dispatch', 'succeeded', undefined],
        ['capturePayment', 'started', undefined],
        ['capturePayment', 'succeeded', 1],
        ['commitStock', 'started', undefined],
        ['commitStock', 'succeeded', 1],
        ['deliver', 'succeeded', undefined],
        ['complete', 'succeeded', undefined],
      ],
    );
  });

  // If a step fails, exactly the steps up to it are compensated, newest first.
  for (const [index, { step, refusal }] of COMPENSABLE.entries()) {
    const upTo = COMPENSABLE.slice(0, index + 1);
    const compensated = upTo.toReversed();
    const done = COMPENSABLE.slice(0, index);

    describe(step, () => {
      test('refused: compensates the earlier steps and rejects the order', async () => {
        const order = await workers().place({ [step]: refuse(refusal) });
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.deepEqual(callsOf(order, upTo), [
          ...upTo.map((row) => row.step),
          ...compensated.map((row) => row.compensation),
        ]);
        assert.deepEqual(order.world.effects, [
          ...done.map((row) => row.effect),
          ...done.toReversed().map((row) => row.reverse),
        ]);
        assert.deepEqual(order.world.rejection, { code: refusal, detail: `${step} refused` });
        assert.deepEqual(outcomes(order, step), ['started', 'failed', 'compensated']);
      });

      test('fails at first: is retried, and the order is confirmed', async () => {
        const order = await workers().place({ [step]: faultyTwice });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
        assert.equal(order.world.calls.filter((call) => call === step).length, 3);
        const tries = attempt(order, step, 'succeeded')!;
        assert.ok(earlierTries.includes(tries - (await triesOf(order, step))), String(tries));
        await finish(order);
      });

      test('response lost after the effect: is repeated, and takes effect once', async () => {
        const order = await workers().place({ [step]: answerLost((number) => number === 1) });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
        await finish(order);
      });

      test('every response lost after the effect: times out, and is compensated too', async () => {
        const order = await workers().place({ [step]: answerLost(() => true) });
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.equal(order.world.rejection?.code, 'ServiceUnavailable');
        assert.deepEqual(order.world.effects, [
          ...upTo.map((row) => row.effect),
          ...compensated.map((row) => row.reverse),
        ]);
        assertNothingLeft(order);
      });

      test('canceled meanwhile: compensates the earlier steps and prevents a late effect', async () => {
        const underway = Promise.withResolvers<void>();
        const canceled = Promise.withResolvers<void>();
        const late = Promise.withResolvers<unknown>();
        const order = await workers().place({
          [step]: async ({ next }) => {
            underway.resolve();
            await canceled.promise;
            await next().catch(late.resolve);
            throw new Error('too late to matter');
          },
        } satisfies Record<string, Fault>);
        await underway.promise;
        await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
        assert.equal((await order.handle.result()).status, 'canceled');
        canceled.resolve();

        assert.equal(((await late.promise) as Refusal).code, 'Undone');
        assert.deepEqual(callsOf(order, upTo), [
          ...upTo.map((row) => row.step),
          ...compensated.map((row) => row.compensation),
        ]);
        assert.equal(order.world.status, 'canceled');
        assertNothingLeft(order);
      });
    });
  }
}
