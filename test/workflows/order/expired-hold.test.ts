import assert from 'node:assert/strict';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { outcomes } from '../../stage/order-actions.ts';
import {
  deliver,
  dispatch,
  effect,
  effectsAfterBooking,
  parcelsOf,
  payWith,
  split,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

const HOUR_MS = 60 * 60 * 1000;
const money = ({ world }: TestOrder): string[] => world.effects.filter((one) => /hold|capture/.test(one));

describe('a hold that the card’s bank has released by itself', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();

  test('is renewed at once, although it was not due, and once, however often that is told', async () => {
    const order = await waitingOrder(workers());
    const { orderId } = order;
    for (const _again of [1, 2]) await order.paymentMoved({ expiredHoldId: orderId });
    await effect(order, 'release replaced holds');
    await order.paymentMoved({ expiredHoldId: orderId });
    await dispatch(order, orderId);
    await order.paymentMoved({ expiredHoldId: orderId });
    assert.deepEqual(effectsAfterBooking(order), [
      'hold 400 on pm_card_visa',
      'release replaced holds',
      'capture',
      'commit',
    ]);
    await order.handle.terminate();
  });

  test('is renewed again if the renewed one expires too', async () => {
    const renewed: string[] = [];
    const order = await waitingOrder(workers(), {
      renewHold: ({ request, next }) => {
        renewed.push((request as { holdId: string }).holdId);
        return next();
      },
    });
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await eventually(() => assert.equal(money(order).at(-1), 'release replaced holds'));
    await order.paymentMoved({ expiredHoldId: renewed[0]! });
    await eventually(() => assert.equal(money(order).length, 5));
    assert.equal(renewed.length, 2);
    await order.handle.terminate();
  });

  test('is renewed for what is still to be paid for, if one parcel has left', async () => {
    const order = await waitingOrder(workers());
    await split(order, 1, 3);
    const [one, other] = parcelsOf(order) as [string, string];
    await dispatch(order, one);
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await effect(order, 'hold 300 on pm_card_visa');
    await dispatch(order, other);
    assert.deepEqual(money(order).slice(1), [
      'capture 100',
      'hold 300 on pm_card_visa',
      'release replaced holds',
      'capture 300',
    ]);
    await order.handle.terminate();
  });

  test('is not renewed when everything has left', async () => {
    const order = await waitingOrder(workers());
    await dispatch(order, order.orderId);
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await deliver(order, order.orderId);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit']);
    await order.handle.terminate();
  });

  test('is renewed once the order is confirmed, if it is told before', async () => {
    const order = await workers().place(
      {
        bookShipment: async ({ next }) => {
          await order.paymentMoved({ expiredHoldId: order.orderId });
          return next();
        },
      },
      { by: workers().inRealTime },
    );
    await effect(order, 'release replaced holds');
    assert.deepEqual(money(order), ['hold', 'hold 200 on pm_card_visa', 'release replaced holds']);
    await order.handle.terminate();
  });

  test('is replaced by another payment method if it cannot be renewed, also if that expires before the order knows of it', async () => {
    let named: string | undefined;
    const order = await waitingOrder(workers(), {
      renewHold: async (call) => {
        const { paymentMethod, holdId } = call.request as { paymentMethod: string; holdId: string };
        if (paymentMethod === 'pm_card_visa') throw new Refusal('CardDeclined', 'no money');
        const answer = await call.next();
        // The news of it comes before the answer.
        if (named === undefined) await order.paymentMoved({ expiredHoldId: holdId });
        named ??= holdId;
        return answer;
      },
    });
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
    assert.equal(order.world.parcel, 'canceled');
    // It waits already.
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await payWith(order, 'pm_card_mastercard');
    await eventually(() => assert.equal(money(order).length, 5, money(order).join()));
    assert.deepEqual(money(order).slice(1), [
      'hold 400 on pm_card_mastercard',
      'release replaced holds',
      'hold 400 on pm_card_mastercard',
      'release replaced holds',
    ]);
    await dispatch(order, parcelsOf(order)[0]!);
    assert.equal(money(order).at(-1), 'capture 400');
    await order.handle.terminate();
  });

  test('is renewed later, and not at once, if the payment service cannot do it now', async () => {
    const order: TestOrder = await workers().place({
      // Neither a decline nor the end of the payment.
      renewHold: async ({ number, next }) => {
        if (number === 1) throw new Refusal('ServiceUnavailable', 'not now');
        return next();
      },
      trackShipment: async ({ number, next }) => {
        if (number === 1) await order.paymentMoved({ expiredHoldId: order.orderId });
        if (number > 8) order.world.carrierMoves(order.orderId, order.orderId, 'delivered');
        return next();
      },
    });
    assert.equal((await order.handle.result()).status, 'completed');
    assert.deepEqual(outcomes(order, 'renewHold'), ['started', 'failed', 'started', 'succeeded']);
    const at = order.world.history.filter(({ step }) => step === 'renewHold').map((item) => Date.parse(item.at));
    assert.ok(at[2]! - at[1]! >= HOUR_MS);
    assert.equal(money(order).filter((one) => one.startsWith('hold 200')).length, 1);
    assert.equal(money(order).filter((one) => one.startsWith('capture')).length, 1);
  });
});
