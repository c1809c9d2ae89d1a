import assert from 'node:assert/strict';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { refuse } from '../../stage/faults.ts';
import { isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import {
  cancelPieces,
  decide,
  deliver,
  dispatch,
  effectsAfterBooking,
  parcelsOf,
  split,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

describe('a parcel in trouble', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  /** The order's only parcel is on its way and has met this. */
  async function inTrouble(trouble: 'delayed' | 'lost' | 'returned_to_sender', faults = {}): Promise<TestOrder> {
    const order = await waitingOrder(workers(), faults);
    await dispatch(order, order.orderId);
    order.world.carrierMoves(order.orderId, order.orderId, trouble);
    await order.moved(trouble);
    await eventually(() => assert.deepEqual(order.world.troubles, [trouble]));
    return order;
  }

  test('delayed: its customer is told once, and it is delivered all the same', async () => {
    const order = await inTrouble('delayed');
    await order.moved('delayed');
    await assert.rejects(decide(order, order.orderId, 'refund'), isRefused('NothingToResolve'));
    await deliver(order, order.orderId);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    assert.deepEqual(order.world.troubles, ['delayed']);
    await order.handle.terminate();
  });

  test('lost and sent again: the same goods, paid once', async () => {
    const order = await inTrouble('lost');
    await decide(order, order.orderId, 'resend');
    const [again] = parcelsOf(order) as [string];
    await dispatch(order, again);
    await deliver(order, again);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit', 'reserve 4', 'book', 'commit 4']);
    await order.handle.terminate();
  });

  test('lost, and there is no more stock: nothing has changed, and the money can be given back', async () => {
    const order = await inTrouble('lost', { reserveParcel: refuse('OutOfStock') });
    await assert.rejects(decide(order, order.orderId, 'resend'), isRefused('OutOfStock'));
    await decide(order, order.orderId, 'refund');
    await assert.rejects(decide(order, order.orderId, 'refund'));
    assert.deepEqual(
      effectsAfterBooking(order).filter((one) => one !== 'release parcel'),
      ['capture', 'commit', 'refund parcel'],
    );
    await order.handle.terminate();
  });

  test('lost, and staff waits: it is found', async () => {
    const order = await inTrouble('lost');
    await decide(order, order.orderId, 'wait');
    await deliver(order, order.orderId);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    await order.handle.terminate();
  });

  test('returned to its sender and sent again: the goods go into stock and out of it', async () => {
    const order = await inTrouble('returned_to_sender');
    await decide(order, order.orderId, 'resend');
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit', 'restock 4', 'reserve 4', 'book']);
    await order.handle.terminate();
  });

  test('two members of staff decide at once: one does', async () => {
    const order = await inTrouble('lost');
    const decisions = await Promise.allSettled([
      decide(order, order.orderId, 'refund'),
      decide(order, order.orderId, 'resend'),
    ]);
    assert.equal(decisions.filter(({ status }) => status === 'fulfilled').length, 1);
    const effects = effectsAfterBooking(order);
    assert.notEqual(effects.includes('refund parcel'), effects.includes('reserve 4'));
    await order.handle.terminate();
  });

  test('silent beyond the promise: its customer is told once', async () => {
    const order = await workers().place({
      bookShipment: async ({ next }) => ({
        ...((await next()) as object),
        promisedBy: new Date(Date.now() + 5 * 86_400_000).toISOString(),
      }),
    });
    await eventually(() => assert.deepEqual(order.world.troubles, ['late']));
    await order.moved('delivered');
    assert.equal((await order.handle.result()).status, 'completed');
    assert.deepEqual(order.world.troubles, ['late']);
  });

  test('refunded, and then delivered after all: a person is asked about the goods', async () => {
    const order = await inTrouble('lost');
    await decide(order, order.orderId, 'refund');
    await order.moved('delivered');
    await resolve(order.handle, await openIntervention(order, 'parcelTrouble'), 'skip');
    await eventually(() => assert.equal(order.world.status, 'confirmed'));
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit', 'refund parcel']);
    await order.handle.terminate();
  });

  test('sent again and then canceled to the last piece: the order is not undone', async () => {
    const order = await inTrouble('lost');
    await decide(order, order.orderId, 'resend');
    await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }), isRefused('TooLateToCancel'));
    await cancelPieces(order, 4);
    assert.equal(order.world.canceledPieces, 4);
    assert.equal((await order.handle.result()).status, 'completed');
    assert.ok(!order.world.effects.includes('void'));
  });

  test('sent again beside a parcel that is not paid for: each is paid for once', async () => {
    const order = await waitingOrder(workers());
    await split(order, 1, 3);
    const [one] = parcelsOf(order) as [string];
    await dispatch(order, one);
    order.world.carrierMoves(order.orderId, one, 'lost');
    await order.moved('lost', one);
    await eventually(() => assert.deepEqual(order.world.troubles, ['lost']));
    await decide(order, one, 'resend');
    await cancelPieces(order, 2);
    const left = parcelsOf(order);
    for (const parcel of left) await dispatch(order, parcel);
    const captured = [...order.world.captured.values()].reduce((sum, amount) => sum + amount, 0);
    assert.equal(captured, 300);
    await order.handle.terminate();
  });
});
