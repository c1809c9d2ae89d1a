import assert from 'node:assert/strict';
import { firstAttemptOf } from '../../../workflows/order/first-attempt.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { answerLost, down, held } from '../../stage/faults.ts';
import { assertNothingLeft, attempt, confirmed, durableCallsOf, finish, outcomes } from '../../stage/order-actions.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { type Fault, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';
import { COMPENSABLE } from './step-matrix.ts';

describe('the response of a first attempt', () => {
  it('is one of three, or the workflow task fails', () => {
    assert.deepEqual(firstAttemptOf({ outcome: 'recorded before' }), { outcome: 'recorded before' });
    for (const foreign of [undefined, { again: false }])
      assert.throws(() => firstAttemptOf(foreign as never), /is not one of a first attempt/);
  });
});

const outcomesOf = ({ world }: TestOrder) => world.history.map(({ step, outcome }) => `${step} ${outcome}`);
const failedOnce: Fault = (call) => (call.number === 1 ? down(call) : call.next());

describe('the first attempt of the lane local-first', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  const workers = useTestWorkers();

  for (const { step } of COMPENSABLE) {
    test(`where ${step} fails, continues with it durably, and repeats no step before it`, async () => {
      // On a busy machine another step may time out.
      const runs: object[] = [];
      const expected = { calls: ['reserveStock', 'authorizePayment', 'bookShipment', step], durable: 1, attempt: 2 };
      for (let number = 0; number < 3; number += 1) {
        const order = await workers()
          .inLane('local-first')
          .place({ [step]: failedOnce });
        await confirmed(order);
        assert.deepEqual(outcomesOf(order), PLACED_HISTORY);
        runs.push({
          calls: [...order.world.calls],
          durable: await durableCallsOf(order, step),
          attempt: attempt(order, step, 'succeeded'),
        });
        await finish(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
      }
      const wanted = JSON.stringify({ ...expected, calls: expected.calls.toSorted() });
      const found = runs.map((run) => JSON.stringify({ ...run, calls: (run as typeof expected).calls.toSorted() }));
      assert.ok(found.includes(wanted), `${found.join(' ')} instead of ${wanted}`);
    });
  }

  const lost = answerLost((number) => number === 1);
  for (const [what, fault] of Object.entries({
    'recording fails': { recordOrder: failedOnce },
    'the response of recording is lost': { recordOrder: lost },
    'confirming fails': { confirmOrder: failedOnce },
    'the response of confirming is lost': { confirmOrder: lost },
  })) {
    test(`where ${what}, the order is confirmed, and nothing happens twice`, async () => {
      const order = await workers().inLane('local-first').place(fault);
      await confirmed(order);
      await finish(order);
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
      assert.deepEqual(outcomesOf(order).slice(0, PLACED_HISTORY.length), PLACED_HISTORY);
    });
  }

  test('takes every step durably after the response of confirming was lost, and leaves the order confirmed', async () => {
    const order = await workers()
      .inLane('local-first')
      .place({
        confirmOrder: lost,
        authorizePayment: (call) => (call.number === 1 ? call.next() : down(call)),
      });
    await finish(order);
    assert.equal(order.world.status, 'completed');
    assert.equal(await durableCallsOf(order, 'reserveStock'), 1);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
  });

  test('cannot confirm the order once the saga gives it up', async () => {
    const confirming = held((number) => number === 1);
    const order = await workers()
      .inLane('local-first')
      .place({
        confirmOrder: confirming.fault,
        authorizePayment: (call) => (call.number === 1 ? call.next() : down(call)),
        voidPayment: async ({ next }) => {
          confirming.go();
          await confirming.gone;
          return next();
        },
      });
    assert.equal((await order.handle.result()).status, 'rejected');
    assert.equal(order.world.status, 'rejected');
    assert.deepEqual(outcomes(order, 'confirm'), []);
    assertNothingLeft(order);
  });

  test('cannot confirm the order after it was canceled meanwhile, and all that it did is compensated', async () => {
    const confirming = held((number) => number === 1);
    const order = await workers().inLane('local-first').place({ confirmOrder: confirming.fault });
    await confirming.come;
    await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
    assert.equal((await order.handle.result()).status, 'canceled');
    confirming.go();
    await confirming.gone;
    assert.equal(order.world.status, 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
    assertNothingLeft(order);
  });
});
