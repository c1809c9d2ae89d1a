import assert from 'node:assert/strict';
import { Lane } from '../../../activities/lane.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { answerLost, confirmedUnnoticed, faultyTwice, mustConfirm, refuseOnce } from '../../stage/faults.ts';
import {
  assertNothingLeft,
  awaitsCustomer,
  confirmed,
  finish,
  openIntervention,
  outcomes,
  resolve,
} from '../../stage/order-actions.ts';
import { type Fault, type TestWorkers, useTestWorkers } from '../../stage/test-workers.ts';

describe('an order whose customer must confirm the payment', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  const workers = useTestWorkers();

  for (const lane of Lane.options) {
    describe(`in the lane ${lane}`, () => confirmationTests(test, () => workers().inLane(lane)));
  }

  // Once: only the workflow waits, in every lane.
  test('goes on waiting while the processor is away, and is confirmed when it is back', async () => {
    // Some more than there are tries in the five minutes for which a step is retried.
    let faults = 40;
    const order = await workers().place({
      authorizePayment: mustConfirm(async ({ world, next }) => {
        if (world.paymentStatus === 'awaiting_customer') {
          if (faults-- > 0) throw new Error('the processor is away');
          world.confirmation = 'given';
        }
        return next();
      }),
    });
    await confirmed(order);
    assert.deepEqual(outcomes(order, 'confirmPayment'), ['started', 'succeeded']);
    await finish(order);
  });
});

function confirmationTests(test: ReturnType<typeof concurrently>, workers: () => TestWorkers) {
  /** Timers are not skipped: the order waits until something happens. */
  const placePatiently = (authorizePayment: Fault = mustConfirm()) =>
    workers().place({ authorizePayment }, { by: workers().inRealTime });

  test('waits, and is confirmed once the customer has confirmed', async () => {
    const order = await placePatiently();
    await awaitsCustomer(order);
    assert.deepEqual(order.world.effects, ['reserve']);
    order.world.confirmation = 'given';
    await order.paymentMoved();
    await confirmed(order);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
    assert.deepEqual(outcomes(order, 'confirmPayment'), ['started', 'succeeded']);
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await order.handle.result();
    assertNothingLeft(order);
  });

  test('asks the processor when no event comes', async () => {
    const order = await workers().place({ authorizePayment: confirmedUnnoticed });
    await confirmed(order);
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
    await finish(order);
  });

  test('is rejected as PaymentNotCompleted and undone when nobody confirms in time', async () => {
    const order = await workers().place({ authorizePayment: mustConfirm() });
    assert.equal((await order.handle.result()).status, 'rejected');
    assert.equal(order.world.rejection?.code, 'PaymentNotCompleted');
    assert.deepEqual(order.world.effects, ['reserve', 'release']);
    assert.deepEqual(outcomes(order, 'confirmPayment'), ['started', 'failed']);
    assert.deepEqual([order.world.money, order.world.paymentStatus], ['void', 'not_paid']);
  });

  test('is rejected and undone at once when the customer refuses', async () => {
    const order = await placePatiently();
    await awaitsCustomer(order);
    order.world.confirmation = 'refused';
    await order.paymentMoved();
    assert.equal((await order.handle.result()).status, 'rejected');
    assert.equal(order.world.rejection?.code, 'PaymentNotCompleted');
    assert.equal(order.world.paymentStatus, 'not_paid');
    assertNothingLeft(order);
  });

  test('can be canceled meanwhile', async () => {
    const order = await placePatiently();
    await awaitsCustomer(order);
    await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'too slow' }] });
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'release']);
    assert.deepEqual([order.world.money, order.world.paymentStatus], ['void', 'not_paid']);
  });

  test('is canceled with its hold released if the customer confirms and cancels at once', async () => {
    const order = await placePatiently();
    await awaitsCustomer(order);
    order.world.confirmation = 'given';
    order.world.money = 'held';
    order.world.addEffect('hold');
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'void', 'release']);
    assert.equal(order.world.paymentStatus, 'canceled');
  });

  test('is confirmed once although the event comes twice and the order is asked about in between', async () => {
    const order = await placePatiently();
    await awaitsCustomer(order);
    await order.paymentMoved();
    order.world.confirmation = 'given';
    await Promise.all([order.paymentMoved(), order.paymentMoved()]);
    await confirmed(order);
    await order.paymentMoved();
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
    await order.moved('delivered');
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
  });

  for (const [name, first] of [
    ['is faulty at first', faultyTwice],
    ['answers, and the answer is lost', answerLost((number) => number === 1)],
  ] as const) {
    test(`waits also when the processor ${name}`, async () => {
      const order = await placePatiently(mustConfirm(first));
      await awaitsCustomer(order);
      order.world.confirmation = 'given';
      await order.paymentMoved();
      await confirmed(order);
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book']);
    });
  }

  test('asks a person when the void is refused after the time is up', async () => {
    const order = await workers().place({ authorizePayment: mustConfirm(), voidPayment: refuseOnce });
    await resolve(order.handle, await openIntervention(order, 'authorizePayment'), 'retry');
    assert.equal((await order.handle.result()).status, 'rejected');
    assertNothingLeft(order);
  });
}
