import assert from 'node:assert/strict';
import { cancelUpdate, parcelMovedSignal } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import {
  assertNothingLeft,
  canceledWith,
  confirmed,
  isRefused,
  openIntervention,
  outcomes,
  resolve,
  finish,
} from '../../stage/order-actions.ts';
import { type Stage, createStage } from '../../stage/test-workers.ts';
import { refuse, refuseOnce } from '../../stage/faults.ts';

describe('canceling an order', function () {
  this.timeout(180_000);
  const test = concurrently(16);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  test('of a confirmed order undoes everything, newest first', async () => {
    const order = await canceledWith(stage, {});
    assert.equal(await order.handle.result(), 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
    assert.deepEqual(
      [order.world.status, order.world.paymentStatus, order.world.fulfillmentStatus],
      ['canceled', 'canceled', 'canceled'],
    );
  });

  test('again, while it is being canceled, changes nothing', async () => {
    const order = await canceledWith(stage, { voidPayment: refuse('Never') });
    const interventionId = await openIntervention(order, 'authorizePayment');
    await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'again' }] });
    await resolve(order.handle, interventionId, 'skip');
    assert.equal(await order.handle.result(), 'canceled');
    assert.equal(outcomes(order, 'cancel').filter((outcome) => outcome === 'started').length, 1);
  });

  test('in the Temporal Web UI is the same', async () => {
    const order = await stage.place();
    await confirmed(order);
    await order.handle.cancel();
    assert.equal(await order.handle.result(), 'canceled');
    assertNothingLeft(order);
  });

  test('of a parcel that has left without our knowing goes no further, and the order is delivered and paid', async () => {
    // Skipped time brings the question where the parcel is at any moment.
    const order = await stage.place({ trackShipment: async () => ({ status: 'booked' }) });
    await confirmed(order);
    order.world.parcel = 'dispatched';
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await order.handle.signal(parcelMovedSignal, { status: 'delivered' });
    assert.equal(await order.handle.result(), 'completed');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    assert.deepEqual(outcomes(order, 'cancel'), ['started', 'failed']);
  });

  test('is too late while a refused order is being undone', async () => {
    const order = await stage.place({ authorizePayment: refuse('CardDeclined'), releaseStock: refuseOnce });
    const interventionId = await openIntervention(order, 'reserveStock');
    await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
    await resolve(order.handle, interventionId, 'retry');
    assert.equal(await order.handle.result(), 'rejected');
  });

  test('is too late in the very moment the carrier says that the parcel has left', async () => {
    const order = await stage.place({ capturePayment: refuseOnce });
    await confirmed(order);
    await order.handle.signal(parcelMovedSignal, { status: 'dispatched' });
    await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
    await resolve(order.handle, await openIntervention(order, 'capturePayment'), 'retry');
    await finish(order);
  });

  test('without input, as an operator may send it, is a cancellation without a reason', async () => {
    const order = await stage.place();
    await confirmed(order);
    await order.handle.executeUpdate('cancel');
    assert.equal(await order.handle.result(), 'canceled');
  });
});
