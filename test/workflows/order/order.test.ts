import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelUpdate, parcelMovedSignal } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import {
  assertNothingLeft,
  attempt,
  canceledWith,
  confirmed,
  finish,
  openIntervention,
  outcomes,
  resolve,
  triesOf,
} from '../../stage/order-actions.ts';
import { type PlayedOrder, type Stage, type Fault, createStage } from '../../stage/test-workers.ts';
import { answerLost, faultyTwice, refuse, refuseOnce } from '../../stage/faults.ts';
import { UNDOABLE } from './step-matrix.ts';

describe('order workflow', function () {
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
    describe(`in the lane ${lane}`, () => sagaTests({ lane, test, on: () => stage.in(lane) }));
  }
});

interface Played {
  lane: Lane;
  test: ReturnType<typeof concurrently>;
  on: () => Stage;
}

function sagaTests({ lane, test, on }: Played) {
  /**
   * The calls of these steps and undos in the order in which they first came. In the lane `durable` that is all there
   * is; elsewhere a step may have been tried before, and on a machine too busy for that what nobody came to is undone
   * with the rest.
   */
  function course({ world }: PlayedOrder, rows: typeof UNDOABLE): string[] {
    if (lane === 'durable') return world.calls;
    const known = rows.flatMap(({ step, undo }): string[] => [step, undo]);
    return [...new Set(world.calls)].filter((call) => known.includes(call));
  }
  /** How many tries the history counts before the durable ones. An express attempt that runs out of time counts none. */
  const triesAtOnce = { durable: [0], 'local-first': [1], express: [0, 1] }[lane];

  test('carries an order from placed to completed, and charges and ships it once', async () => {
    const order = await on().place();
    await order.handle.signal(parcelMovedSignal, { status: 'dispatched' });
    await order.handle.signal(parcelMovedSignal, { status: 'delivered' });

    assert.equal(await order.handle.result(), 'completed');
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

  // Whichever step goes wrong, exactly the steps up to it are undone, newest first.
  for (const [index, { step, refusal, effect, undo }] of UNDOABLE.entries()) {
    const upTo = UNDOABLE.slice(0, index + 1);
    const undone = upTo.toReversed();
    const done = UNDOABLE.slice(0, index);

    describe(step, () => {
      test('refused: undoes what was done and rejects the order', async () => {
        const order = await on().place({ [step]: refuse(refusal) });
        assert.equal(await order.handle.result(), 'rejected');
        assert.deepEqual(course(order, upTo), [...upTo.map((row) => row.step), ...undone.map((row) => row.undo)]);
        assert.deepEqual(order.world.effects, [
          ...done.map((row) => row.effect),
          ...done.toReversed().map((row) => row.reverse),
        ]);
        assert.deepEqual(order.world.rejection, { code: refusal, detail: `${step} said no` });
        assert.deepEqual(outcomes(order, step), ['started', 'failed', 'compensated']);
      });

      test('faulty, then fine: is tried again and the order is confirmed', async () => {
        const order = await on().place({ [step]: faultyTwice });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
        assert.equal(order.world.calls.filter((call) => call === step).length, 3);
        const tries = attempt(order, step, 'succeeded')!;
        assert.ok(triesAtOnce.includes(tries - (await triesOf(order, step))), String(tries));
        await finish(order);
      });

      test('answer lost after the effect: is asked again, and happens once', async () => {
        const order = await on().place({ [step]: answerLost((number) => number === 1) });
        await confirmed(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
        await finish(order);
      });

      test('every answer lost after the effect: gives up in time and undoes that too', async () => {
        const order = await on().place({ [step]: answerLost(() => true) });
        assert.equal(await order.handle.result(), 'rejected');
        assert.equal(order.world.rejection?.code, 'ServiceUnavailable');
        assert.deepEqual(order.world.effects, [...upTo.map((row) => row.effect), ...undone.map((row) => row.reverse)]);
        assertNothingLeft(order);
      });

      test('canceled meanwhile: undoes what was done, and a late effect cannot happen any more', async () => {
        const underway = Promise.withResolvers<void>();
        const canceled = Promise.withResolvers<void>();
        const late = Promise.withResolvers<unknown>();
        const order = await on().place({
          [step]: async ({ next }) => {
            underway.resolve();
            await canceled.promise;
            await next().catch(late.resolve);
            throw new Error('too late to matter');
          },
        } satisfies Record<string, Fault>);
        await underway.promise;
        await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
        assert.equal(await order.handle.result(), 'canceled');
        canceled.resolve();

        assert.equal(((await late.promise) as Refusal).code, 'Undone');
        assert.deepEqual(course(order, upTo), [...upTo.map((row) => row.step), ...undone.map((row) => row.undo)]);
        assert.equal(order.world.status, 'canceled');
        assertNothingLeft(order);
      });
    });

    describe(undo, () => {
      test('faulty, then fine: is tried until it is done', async () => {
        const order = await on().place({ bookShipment: refuse('AddressUndeliverable'), [undo]: faultyTwice });
        assert.equal(await order.handle.result(), 'rejected');
        assert.equal(order.world.calls.filter((call) => call === undo).length, 3);
        assertNothingLeft(order);
      });

      test('refused, and retried by a person: every other undo has run, and then this one', async () => {
        const order = await canceledWith(on(), { [undo]: refuseOnce });
        const interventionId = await openIntervention(order, step);
        assert.equal(order.world.status, 'requires_action');
        const others = UNDOABLE.filter((row) => row.undo !== undo).toReversed();
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', ...others.map((row) => row.reverse)]);

        await resolve(order.handle, interventionId, 'retry');
        assert.equal(await order.handle.result(), 'canceled');
        assertNothingLeft(order);
        assert.deepEqual(outcomes(order, step).slice(-2), ['compensation_failed', 'compensated']);
      });

      test('refused, and skipped by a person: the order ends, and the story says who left what', async () => {
        const order = await canceledWith(on(), { [undo]: refuse('Never') });
        const interventionId = await openIntervention(order, step);
        await resolve(order.handle, interventionId, 'skip');
        assert.equal(await order.handle.result(), 'canceled');
        assert.equal(order.world.effects.includes(effect), true);
        const last = order.world.history.findLast((item) => item.step === step);
        assert.equal(last?.detail, 'skipped by a person');
        assert.equal(order.world.paymentStatus, step === 'authorizePayment' ? 'requires_action' : 'canceled');
      });
    });
  }
}
