import assert from 'node:assert/strict';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { assertNothingLeft, isRefused, openIntervention, outcomes, resolve } from '../../stage/order-actions.ts';
import {
  cancelPieces,
  deliver,
  dispatch,
  effect,
  effectsAfterBooking,
  parcelsOf,
  split,
  takenUnnoticed,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';

describe('an order of which some is not sent', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  describe('canceled in part', () => {
    test('the stock is released, and less is captured in the end', async () => {
      const order = await waitingOrder(workers());
      await cancelPieces(order, 3);
      assert.equal(order.world.canceledPieces, 3);
      await dispatch(order, parcelsOf(order)[0]!);
      assert.deepEqual(effectsAfterBooking(order), ['book', 'cancel', 'release 3', 'capture 100', 'commit 1']);
      await order.handle.terminate();
    });

    test('to the last piece: the order is canceled', async () => {
      const order = await waitingOrder(workers());
      await cancelPieces(order, 4);
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.deepEqual(effectsAfterBooking(order), ['cancel', 'void', 'release']);
    });

    test('what has not left after the first parcel: the rest of the hold is released', async () => {
      const order = await waitingOrder(workers());
      await split(order, 1, 3);
      const [one] = parcelsOf(order) as [string];
      await dispatch(order, one);
      await assert.rejects(cancelPieces(order, 4), isRefused('TooMany'));
      await cancelPieces(order, 3);
      assert.deepEqual(effectsAfterBooking(order).slice(3), [
        'capture 100',
        'commit 1',
        'cancel',
        'release 3',
        'release rest',
      ]);
      await deliver(order, one);
      await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
      await order.handle.terminate();
    });

    test('while the carrier takes the parcel: nothing is canceled', async () => {
      const order = await waitingOrder(workers());
      takenUnnoticed(order);
      await assert.rejects(cancelPieces(order, 1), isRefused('TooLateToChange'));
      await effect(order, 'commit');
      assert.deepEqual(effectsAfterBooking(order), ['book', 'cancel', 'capture', 'commit']);
      await order.handle.terminate();
    });

    test('and canceled as a whole at once: all of it is undone, once', async () => {
      const order = await waitingOrder(workers());
      await Promise.all([
        cancelPieces(order, 1).catch(() => undefined),
        order.handle.executeUpdate(cancelUpdate, { args: [{}] }),
      ]);
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.ok(![...order.world.otherParcels.values()].includes('booked'));
      assert.notEqual(order.world.parcel, 'booked');
      assert.equal(order.world.effects.filter((one) => one === 'void').length, 1);
    });
  });

  describe('canceled as a whole', () => {
    test('every parcel is canceled', async () => {
      const order = await waitingOrder(workers());
      await split(order, 1, 3);
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.deepEqual(effectsAfterBooking(order).slice(3), ['cancel', 'cancel', 'void', 'release']);
    });

    test('while the carrier takes one of them: the order goes on as a whole', async () => {
      const order = await waitingOrder(workers());
      await split(order, 1, 3);
      const [one] = parcelsOf(order) as [string];
      order.world.carrierMoves(order.orderId, one, 'dispatched');
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      await effect(order, 'commit 1');
      const two = parcelsOf(order).find((id) => id !== one)!;
      await dispatch(order, two);
      assert.deepEqual(
        order.world.effects.filter((done) => /capture|commit|void|release/.test(done)),
        ['capture 100', 'commit 1', 'capture 300', 'commit 3'],
      );
      assert.deepEqual(outcomes(order, 'cancel'), ['started', 'failed']);
      await order.handle.terminate();
    });

    test('while the carrier contradicts itself about one of them: the other is not booked again, and a person decides', async () => {
      let contradicts = '';
      const order = await waitingOrder(workers(), {
        cancelShipment: async ({ request, next }) => {
          const { parcelId } = request as { parcelId?: string };
          if (parcelId !== undefined && parcelId === contradicts) throw new Refusal('CarrierContradicts', 'it left');
          return next();
        },
      });
      await split(order, 1, 3);
      contradicts = parcelsOf(order)[0]!;
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      const id = await openIntervention(order, 'bookShipment');
      assert.deepEqual(effectsAfterBooking(order).slice(3), ['cancel', 'void', 'release']);
      contradicts = '';
      await resolve(order.handle, id, 'retry');
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.deepEqual(effectsAfterBooking(order).slice(3), ['cancel', 'void', 'release', 'cancel']);
    });

    test('and one is found to have left after the money was released: the other is not booked again', async () => {
      let contradicts = '';
      const order = await waitingOrder(workers(), {
        cancelShipment: async ({ request, next }) => {
          const { parcelId } = request as { parcelId?: string };
          if (parcelId !== undefined && parcelId === contradicts) throw new Refusal('CarrierContradicts', 'it left');
          return next();
        },
      });
      await split(order, 1, 3);
      const two = parcelsOf(order)[1]!;
      contradicts = two;
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      const first = await openIntervention(order, 'bookShipment');
      contradicts = '';
      order.world.carrierMoves(order.orderId, two, 'dispatched');
      await resolve(order.handle, first, 'retry');
      await resolve(order.handle, await openIntervention(order, 'bookShipment'), 'skip');
      assert.equal((await order.handle.result()).status, 'canceled');
      assert.deepEqual(effectsAfterBooking(order).slice(3), ['cancel', 'void', 'release']);
    });
  });

  test('by the carrier, all parcels at once: nobody drops the last one, the order is canceled', async () => {
    const both = Promise.withResolvers<void>();
    const asked = new Set<string>();
    // The carrier is asked whenever a hold is due.
    const order = await waitingOrder(
      workers(),
      {
        trackShipment: async ({ world, request, next }) => {
          const { orderId, parcelId = orderId } = request as { orderId: string; parcelId?: string };
          if (world.parcelRows.size < 2) return next();
          asked.add(parcelId);
          if (asked.size === 2) both.resolve();
          await both.promise;
          world.carrierMoves(orderId, parcelId, 'canceled');
          return next();
        },
      },
      { authorizationDays: 4 / 86_400 },
    );
    await split(order, 1, 3);
    assert.equal((await order.handle.result()).status, 'canceled');
    assertNothingLeft(order);
    assert.ok(order.world.effects.includes('void'));
  });
});
