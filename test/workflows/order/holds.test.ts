import assert from 'node:assert/strict';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { refuse } from '../../stage/faults.ts';
import { isRefused, openIntervention, outcomes, resolve } from '../../stage/order-actions.ts';
import {
  decide,
  dispatch,
  effect,
  effectsAfterBooking,
  parcelsOf,
  payWith,
  split,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { type Fault, type Faults, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

const SECOND = 1 / 86_400;

/** Refuses to hold money on this card again. */
const refuseCard =
  (card = 'pm_card_visa'): Fault =>
  async ({ request, next }) => {
    if ((request as { paymentMethod: string }).paymentMethod === card) throw new Refusal('CardDeclined', 'no money');
    return next();
  };

const money = ({ world }: TestOrder): string[] =>
  world.effects.filter((one) => /hold|capture|void|release rest/.test(one));

const statusesOf = ({ world }: TestOrder) => [...world.parcelRows.values()].map(({ status }) => status).toSorted();

const waitsForMethod = ({ world }: TestOrder): Promise<void> =>
  eventually(() => assert.equal(world.paymentStatus, 'awaiting_customer', JSON.stringify(world.history)));

describe('the hold of an order that is not dispatched', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();
  /** What comes before the hold is due has time enough. */
  const placeForLater = (faults: Faults) => waitingOrder(workers(), faults, { authorizationDays: 15 * SECOND });
  const place = (faults: Faults = {}) => waitingOrder(workers(), faults, { authorizationDays: 2 * SECOND });

  test('is renewed before it expires, then the old one is released; and the money is captured once', async () => {
    const order = await place();
    await effect(order, 'release replaced holds');
    await dispatch(order, order.orderId);
    const renewed = money(order).filter((one) => one.startsWith('hold 400'));
    assert.ok(renewed.length >= 1);
    assert.equal(money(order).filter((one) => one.startsWith('capture')).length, 1);
    assert.equal(money(order).indexOf('hold'), 0);
    assert.equal(money(order)[1], 'hold 400 on pm_card_visa');
    assert.equal(money(order)[2], 'release replaced holds');
    await order.handle.terminate();
  });

  test('is not renewed after the goods have left', async () => {
    const order = await place();
    await dispatch(order, order.orderId);
    await new Promise((resume) => setTimeout(resume, 3_000));
    assert.deepEqual(outcomes(order, 'renewHold'), []);
    await order.handle.terminate();
  });

  test('is no reason to ask the carrier again and again, when only what is sent again has not left', async () => {
    let asked = 0;
    const order = await place({
      trackShipment: ({ next }) => {
        asked += 1;
        return next();
      },
    });
    const { orderId } = order;
    await dispatch(order, orderId);
    order.world.carrierMoves(orderId, orderId, 'lost');
    await order.moved('lost');
    await eventually(() => assert.deepEqual(order.world.troubles, ['lost']));
    await decide(order, orderId, 'resend');
    await new Promise((resume) => setTimeout(resume, 4_000));
    assert.ok(asked <= 2, `asked ${asked} times`);
    await order.handle.terminate();
  });

  test('cannot be renewed: nothing leaves before the customer has named another method', async () => {
    const order = await place({ renewHold: refuseCard() });
    await waitsForMethod(order);
    assert.equal(order.world.parcel, 'canceled');
    assert.deepEqual(
      [...order.world.parcelRows.values()].map(({ status }) => status),
      ['waiting'],
    );
    await assert.rejects(split(order, 2, 2), isRefused('NotChangeableNow'));
    await assert.rejects(payWith(order, 'pm_card_visa'), isRefused('CardDeclined'));
    assert.deepEqual(
      [...order.world.parcelRows.values()].map(({ status }) => status),
      ['waiting'],
    );
    await payWith(order, 'pm_card_mastercard');
    await assert.rejects(payWith(order, 'pm_card_other'), isRefused('NotChangeableNow'));
    await dispatch(order, parcelsOf(order)[0]!);
    assert.deepEqual(effectsAfterBooking(order).slice(0, 5), [
      'cancel',
      'hold 400 on pm_card_mastercard',
      'release replaced holds',
      'book',
      'capture 400',
    ]);
    await order.handle.terminate();
  });

  test('cannot be renewed, and no other method is named in 48 hours: the order is canceled and undone', async () => {
    const order = await workers().place({ renewHold: refuseCard() }, { authorizationDays: 6 });
    const result = await order.handle.result();
    assert.equal(result.status, 'canceled');
    assert.equal(order.world.rejection?.code, 'AuthorizationExpired');
    assert.deepEqual(effectsAfterBooking(order), ['cancel', 'void', 'release']);
  });

  test('cannot be renewed after one parcel has left: in 48 hours the rest is canceled, and nothing more is captured', async () => {
    // The server skips time, so whatever must happen before the hold expires happens while the carrier is asked.
    const order: TestOrder = await workers().place(
      {
        renewHold: refuseCard(),
        trackShipment: async ({ number, next }) => {
          const answer = await next();
          if (number !== 1) return answer;
          await split(order, 1, 3);
          const [one] = parcelsOf(order) as [string];
          order.world.carrierMoves(order.orderId, one, 'dispatched');
          await order.moved('dispatched', one);
          return answer;
        },
        releaseRest: async ({ next }) => {
          const released = await next();
          const [one] = parcelsOf(order) as [string];
          order.world.carrierMoves(order.orderId, one, 'delivered');
          return released;
        },
      },
      { authorizationDays: 6, lines: [{ sku: 'tea', quantity: 4 }], total: { amountMinor: 400, currency: 'GBP' } },
    );
    assert.equal((await order.handle.result()).status, 'completed');
    assert.deepEqual(
      order.world.effects.filter((one) => !/book|cancel/.test(one)),
      ['reserve', 'hold', 'capture 100', 'commit 1', 'release 3', 'release rest'],
    );
    assert.equal(order.world.canceledPieces, 3);
  });

  test('cannot be renewed while the carrier takes the parcel: it goes on, and is paid with the old hold', async () => {
    const order = await place({ renewHold: refuseCard() });
    order.world.carrierMoves(order.orderId, order.orderId, 'dispatched');
    await effect(order, 'commit');
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit']);
    await order.handle.terminate();
  });

  test('cannot be renewed while the carrier takes one of two parcels: that one goes on, and the other waits', async () => {
    const order = await placeForLater({ renewHold: refuseCard() });
    await split(order, 1, 3);
    order.world.carrierMoves(order.orderId, parcelsOf(order)[0]!, 'dispatched');
    await waitsForMethod(order);
    await effect(order, 'commit 1');
    assert.deepEqual(statusesOf(order), ['dispatched', 'waiting']);
    await payWith(order, 'pm_card_mastercard');
    await dispatch(order, parcelsOf(order)[1]!);
    assert.deepEqual(
      order.world.effects.filter((one) => one.startsWith('capture')),
      ['capture 100', 'capture 300'],
    );
    await order.handle.terminate();
  });

  test('waits for another method: the customer can still cancel', async () => {
    const order = await place({ renewHold: refuseCard() });
    await waitsForMethod(order);
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.equal(order.world.rejection, undefined);
    assert.deepEqual(effectsAfterBooking(order), ['cancel', 'void', 'release']);
  });

  test('is placed on another method once its holder has confirmed', async () => {
    let confirmed = false;
    const order = await place({
      renewHold: async (call) => {
        const { paymentMethod, customerMayAct } = call.request as { paymentMethod: string; customerMayAct?: boolean };
        if (paymentMethod === 'pm_card_visa') throw new Refusal('CardDeclined', 'no money');
        if (confirmed) return call.next();
        assert.equal(customerMayAct, true);
        return { authorizationId: null, customerAction: { type: 'redirect', url: 'https://bank.example/' } };
      },
    });
    await waitsForMethod(order);
    await payWith(order, 'pm_card_secure');
    await order.paymentMoved();
    assert.equal(order.world.paymentStatus, 'awaiting_customer');
    confirmed = true;
    await order.paymentMoved();
    await effect(order, 'hold 400 on pm_card_secure');
    await eventually(() => assert.equal([...order.world.parcelRows.values()][0]!.status, 'booked'));
    await dispatch(order, parcelsOf(order)[0]!);
    await order.handle.terminate();
  });

  test('the processor is away when it should be renewed: it is tried again', async () => {
    let calls = 0;
    const order = await workers().place(
      {
        renewHold: async ({ next }) => {
          calls += 1;
          if (calls < 40) throw new Error('away');
          return next();
        },
      },
      { authorizationDays: 6 },
    );
    await effect(order, 'release replaced holds');
    await order.moved('delivered');
    assert.equal((await order.handle.result()).status, 'completed');
    assert.ok(outcomes(order, 'renewHold').includes('failed'));
    assert.equal(money(order).filter((one) => one.startsWith('capture')).length, 1);
  });

  test('was gone when the parcel had left: it is renewed, and the money captured', async () => {
    const order = await waitingOrder(workers(), {
      capturePayment: async ({ number, next }) => {
        if (number === 1) throw new Refusal('HoldExpired', 'the hold is gone');
        return next();
      },
    });
    await dispatch(order, order.orderId);
    assert.deepEqual(effectsAfterBooking(order), [
      'hold 400 on pm_card_visa',
      'release replaced holds',
      'capture',
      'commit',
    ]);
    await order.handle.terminate();
  });

  test('was gone when the parcel had left, and cannot be renewed: a person decides', async () => {
    const order = await waitingOrder(workers(), { capturePayment: refuse('HoldExpired'), renewHold: refuseCard() });
    order.world.carrierMoves(order.orderId, order.orderId, 'dispatched');
    await order.moved('dispatched');
    const id = await openIntervention(order, 'capturePayment');
    await resolve(order.handle, id, 'skip');
    await effect(order, 'commit');
    await order.handle.terminate();
  });
});
