import assert from 'node:assert/strict';
import {
  fulfillmentStatusAttribute,
  orderStatusAttribute,
  paymentStatusAttribute,
  waitsForAttribute,
} from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { openIntervention, isRefused, outcomes, resolve } from '../../stage/order-actions.ts';
import {
  ELSEWHERE,
  cancelPieces,
  deliver,
  dispatch,
  effect,
  effectsAfterBooking,
  parcelsOf,
  sendElsewhere,
  split,
  takenUnnoticed,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { eventually } from '../../stage/eventually.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { type Fault, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

/** Refuses the second call. */
const refuseSecond =
  (code: string): Fault =>
  async ({ number, next }) => {
    if (number === 2) throw new Refusal(code, 'refused');
    return next();
  };

/** How the Temporal Web UI's lists show the order. */
const shown = async ({ handle }: TestOrder) => {
  const { typedSearchAttributes } = await handle.describe();
  return [orderStatusAttribute, paymentStatusAttribute, fulfillmentStatusAttribute, waitsForAttribute].map((key) =>
    typedSearchAttributes.get(key),
  );
};

const completed = async ({ handle }: TestOrder): Promise<string[]> => {
  const { events } = await handle.fetchHistory();
  return events!.map(({ eventType }) => String(eventType));
};

describe('parcels of an order', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  for (const lane of ['local-first', 'express', 'durable'] as const) {
    test(`in the lane ${lane}, each is captured and committed as it leaves, and the last one opens the return window`, async () => {
      const order = await waitingOrder(workers().inLane(lane));
      await split(order, 1, 3);
      const [one, two] = parcelsOf(order) as [string, string];
      await dispatch(order, one);
      assert.equal(order.world.fulfillmentStatus, 'partially_shipped');
      assert.equal(order.world.paymentStatus, 'partially_captured');
      await eventually(async () =>
        assert.deepEqual(await shown(order), ['confirmed', 'partially_captured', 'partially_shipped', 'dispatch']),
      );
      await deliver(order, one);
      await eventually(() => assert.equal(order.world.fulfillmentStatus, 'partially_delivered'));
      await dispatch(order, two);
      assert.equal(order.world.paymentStatus, 'captured');
      await deliver(order, two);
      await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
      await eventually(async () =>
        assert.deepEqual(await shown(order), ['confirmed', 'captured', 'delivered', 'return_window']),
      );
      assert.deepEqual(effectsAfterBooking(order), [
        'book',
        'book',
        'cancel',
        'capture 100',
        'commit 1',
        'capture 300',
        'commit 3',
      ]);
      assert.ok((await completed(order)).length < 150);
      await order.handle.terminate();
    });
  }

  describe('divided', () => {
    test('the parcels must hold exactly what has not left', async () => {
      const order = await waitingOrder(workers());
      await assert.rejects(split(order, 1, 2), isRefused('LinesDiffer'));
      await assert.rejects(split(order, 1, 4), isRefused('LinesDiffer'));
      await split(order, 2, 2);
      await dispatch(order, parcelsOf(order)[0]!);
      await assert.rejects(split(order, 4), isRefused('LinesDiffer'));
      await split(order, 1, 1);
      assert.equal(parcelsOf(order).length, 3);
      await order.handle.terminate();
    });

    test('not after all has left', async () => {
      const order = await waitingOrder(workers());
      await dispatch(order, order.orderId);
      await assert.rejects(split(order, 2, 2), isRefused('TooLateToChange'));
      await order.handle.terminate();
    });

    test('while the carrier takes the parcel: it stays one, and is charged once', async () => {
      const order = await waitingOrder(workers());
      takenUnnoticed(order);
      await assert.rejects(split(order, 2, 2), isRefused('TooLateToChange'));
      await effect(order, 'commit');
      assert.deepEqual(effectsAfterBooking(order), ['book', 'book', 'cancel', 'cancel', 'capture', 'commit']);
      assert.deepEqual(outcomes(order, 'split'), ['started', 'failed']);
      await order.handle.terminate();
    });

    test('while the carrier takes one of two: the other is booked again, and nothing is lost', async () => {
      const order = await waitingOrder(workers());
      await split(order, 1, 3);
      const [one, two] = parcelsOf(order) as [string, string];
      order.world.carrierMoves(order.orderId, two, 'dispatched');
      await assert.rejects(split(order, 2, 2), isRefused('TooLateToChange'));
      const again = parcelsOf(order).find((id) => id !== two)!;
      assert.notEqual(again, one);
      await dispatch(order, again);
      await effect(order, 'commit 3');
      assert.deepEqual(order.world.effects.filter((one) => /capture|commit/.test(one)).toSorted(), [
        'capture 100',
        'capture 300',
        'commit 1',
        'commit 3',
      ]);
      await order.handle.terminate();
    });

    test('twice at once: one after the other', async () => {
      const order = await waitingOrder(workers());
      await Promise.all([split(order, 1, 3), split(order, 2, 2)]);
      assert.equal(parcelsOf(order).length, 2);
      const booked = [...order.world.otherParcels.values()].filter((status) => status === 'booked');
      assert.equal(booked.length, 2);
      await order.handle.terminate();
    });
  });

  describe('to another address', () => {
    test('a new booking, then the old one is canceled', async () => {
      const order = await waitingOrder(workers());
      await sendElsewhere(order);
      assert.deepEqual(effectsAfterBooking(order), ['book', 'cancel']);
      await dispatch(order, parcelsOf(order)[0]!);
      assert.deepEqual(effectsAfterBooking(order), ['book', 'cancel', 'capture 400', 'commit 4']);
      await order.handle.terminate();
    });

    test('that the carrier refuses: everything is as before', async () => {
      const order = await waitingOrder(workers(), {
        bookShipment: async ({ request, next }) => {
          const { address } = request as { address: { line1: string } };
          if (address.line1 === ELSEWHERE.line1) throw new Refusal('AddressUndeliverable', 'nobody lives there');
          return next();
        },
      });
      await assert.rejects(sendElsewhere(order), isRefused('AddressUndeliverable'));
      assert.equal(order.world.parcel, 'booked');
      await dispatch(order, order.orderId);
      assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit']);
      await order.handle.terminate();
    });

    test('not once a parcel has left, also unnoticed', async () => {
      const order = await waitingOrder(workers());
      takenUnnoticed(order);
      await assert.rejects(sendElsewhere(order), isRefused('TooLateToChange'));
      await effect(order, 'commit');
      await assert.rejects(sendElsewhere(order), isRefused('TooLateToChange'));
      assert.deepEqual(effectsAfterBooking(order), ['book', 'cancel', 'capture', 'commit']);
      await order.handle.terminate();
    });
  });

  test('no change while a person must decide about a step', async () => {
    const order = await waitingOrder(workers(), { capturePayment: refuseSecond('CaptureRefused') });
    await split(order, 1, 3);
    const [one, two] = parcelsOf(order) as [string, string];
    await dispatch(order, one);
    order.world.carrierMoves(order.orderId, two, 'dispatched');
    await order.moved('dispatched', two);
    const id = await openIntervention(order, 'capturePayment');
    await assert.rejects(cancelPieces(order, 1), isRefused('NotChangeableNow'));
    await resolve(order.handle, id, 'retry');
    await effect(order, 'commit 3');
    await order.handle.terminate();
  });
});
