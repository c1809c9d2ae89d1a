import assert from 'node:assert/strict';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
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
import { useTestWorkers } from '../../stage/test-workers.ts';
import { refuse, refuseOnce } from '../../stage/faults.ts';

describe('canceling an order', function () {
  this.timeout(180_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  test('compensates every step of a confirmed order, newest first', async () => {
    const order = await canceledWith(workers(), {});
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
    assert.deepEqual(
      [order.world.status, order.world.paymentStatus, order.world.fulfillmentStatus],
      ['canceled', 'canceled', 'canceled'],
    );
  });

  test('changes nothing when the order is already being canceled', async () => {
    const order = await canceledWith(workers(), { voidPayment: refuse('Never') });
    const interventionId = await openIntervention(order, 'authorizePayment');
    await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'again' }] });
    await resolve(order.handle, interventionId, 'skip');
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.equal(outcomes(order, 'cancel').filter((outcome) => outcome === 'started').length, 1);
  });

  test('works the same from the Temporal Web UI', async () => {
    const order = await workers().place();
    await confirmed(order);
    await order.handle.cancel();
    assert.equal((await order.handle.result()).status, 'canceled');
    assertNothingLeft(order);
  });

  test('stops when the parcel was already dispatched, and the order is delivered and paid', async () => {
    // With skipped time the workflow may poll the shipment at any moment.
    const order = await workers().place({ trackShipment: async () => ({ status: 'booked' }) });
    await confirmed(order);
    order.world.parcel = 'dispatched';
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await order.moved('delivered');
    assert.equal((await order.handle.result()).status, 'completed');
    assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    assert.deepEqual(outcomes(order, 'cancel'), ['started', 'failed']);
  });

  test('is accepted while a rejected order is being compensated, which ends as rejected', async () => {
    const order = await workers().place({ authorizePayment: refuse('CardDeclined'), releaseStock: refuseOnce });
    const interventionId = await openIntervention(order, 'reserveStock');
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await resolve(order.handle, interventionId, 'retry');
    assert.equal((await order.handle.result()).status, 'rejected');
    assert.equal(order.world.rejection?.code, 'CardDeclined');
    assert.deepEqual(outcomes(order, 'cancel'), ['started', 'succeeded']);
    assertNothingLeft(order);
  });

  test('says that the carrier still has a parcel whose cancellation a person skipped', async () => {
    const order = await canceledWith(workers(), { cancelShipment: refuse('CarrierContradicts') });
    await resolve(order.handle, await openIntervention(order, 'bookShipment'), 'skip');
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual([order.world.paymentStatus, order.world.fulfillmentStatus], ['canceled', 'booked']);
  });

  test('is too late as soon as the carrier reports the dispatch', async () => {
    const order = await workers().place({ capturePayment: refuseOnce });
    await confirmed(order);
    await order.moved('dispatched');
    await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
    await resolve(order.handle, await openIntervention(order, 'capturePayment'), 'retry');
    await finish(order);
  });

  test('accepts an update without input, as an operator may send it, as a cancellation without a reason', async () => {
    const order = await workers().place();
    await confirmed(order);
    await order.handle.executeUpdate('cancel');
    assert.equal((await order.handle.result()).status, 'canceled');
  });
});
