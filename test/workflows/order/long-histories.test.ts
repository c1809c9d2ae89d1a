import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { cancelLinesUpdate } from '../../../workflows/order/change-messages.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { assertShortHistories } from '../../stage/histories-of.ts';
import { isRefused, openIntervention, outcomes, resolve } from '../../stage/order-actions.ts';
import {
  deliver,
  dispatch,
  effect,
  effectsAfterBooking,
  parcelsOf,
  payWith,
  sendElsewhere,
  split,
  tea,
  waitingOrder,
} from '../../stage/parcel-actions.ts';
import { type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

const MOST_EVENTS = 500;

/** News that changes nothing, of which each costs four events. */
async function flood(order: TestOrder, count = 130): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await order.moved('dispatched', randomUUID());
}

/** The lengths of the order's histories: one for each time that it began. */
async function lengthsOf(order: TestOrder): Promise<number[]> {
  const lengths: number[] = [];
  const query = `WorkflowId = 'order-${order.orderId}'`;
  for await (const { historyLength } of order.client.workflow.list({ query })) lengths.push(historyLength);
  return lengths;
}

/** The order has begun again, and none of its histories is too long. */
const hasBegunAgain = (order: TestOrder): Promise<void> =>
  eventually(async () => {
    const lengths = await lengthsOf(order);
    assert.ok(lengths.length >= 2, `${lengths.length} histories`);
    assert.ok(
      lengths.every((length) => length < MOST_EVENTS),
      lengths.join(', '),
    );
  });

describe('an order to which much happens', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  test('begins again with its parcels, and can still be canceled', async () => {
    const order = await waitingOrder(workers());
    await split(order, 1, 3);
    await flood(order);
    await hasBegunAgain(order);
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(effectsAfterBooking(order).slice(3), ['cancel', 'cancel', 'void', 'release']);
  });

  test('begins again between its parcels, and each is paid for once', async () => {
    const order = await waitingOrder(workers());
    await split(order, 1, 3);
    const [one, two] = parcelsOf(order) as [string, string];
    await dispatch(order, one);
    await flood(order);
    await hasBegunAgain(order);
    await assert.rejects(order.handle.executeUpdate(cancelUpdate, { args: [{}] }));
    await dispatch(order, two);
    await deliver(order, one);
    await deliver(order, two);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    assert.deepEqual(effectsAfterBooking(order).slice(3), ['capture 100', 'commit 1', 'capture 300', 'commit 3']);
    assert.deepEqual(outcomes(order, 'dispatch'), ['succeeded', 'succeeded']);
    await order.handle.terminate();
  });

  test('is canceled by a cancellation with which its history becomes long', async () => {
    const order = await waitingOrder(workers());
    for (;;) {
      const { historyLength } = await order.handle.describe();
      if (historyLength >= 346) break;
      await order.moved('dispatched', randomUUID());
    }
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    assert.equal((await order.handle.result()).status, 'canceled');
    assert.deepEqual(effectsAfterBooking(order), ['cancel', 'void', 'release']);
  });

  test('takes a change once, although it is asked for again after the order has begun again', async () => {
    const order = await waitingOrder(workers());
    const updateId = randomUUID();
    const cancelOne = () => order.handle.executeUpdate(cancelLinesUpdate, { args: [{ lines: tea(1) }], updateId });
    await cancelOne();
    await flood(order);
    await hasBegunAgain(order);
    await cancelOne();
    assert.equal(order.world.canceledPieces, 1);
    await order.handle.terminate();
  });

  test('of twenty parcels, of which the last leaves during a change: each is booked, and no history is long', async () => {
    const order = await waitingOrder(workers(), {}, { lines: tea(20), total: { amountMinor: 2_000, currency: 'GBP' } });
    await split(order, ...Array<number>(20).fill(1));
    const last = parcelsOf(order).at(-1)!;
    order.world.carrierMoves(order.orderId, last, 'dispatched');
    // Right after the other change it may be refused: the order begins again first.
    await eventually(() => assert.rejects(sendElsewhere(order), isRefused('TooLateToChange')));
    await effect(order, 'commit 1');
    const atCarrier = [...order.world.otherParcels.values()].filter((status) => status !== 'canceled');
    assert.equal(atCarrier.length, 20);
    assert.equal(parcelsOf(order).length, 20);
    await Promise.all(
      parcelsOf(order)
        .filter((id) => id !== last)
        .map((parcel) => dispatch(order, parcel)),
    );
    assert.equal(
      [...order.world.captured.values()].reduce((sum, amount) => sum + amount, 0),
      2_000,
    );
    assert.ok((await assertShortHistories(order.client, [order.handle.workflowId])) > 2);
    await order.handle.terminate();
  });

  test('begins again in its return window', async () => {
    const order = await waitingOrder(workers());
    await dispatch(order, order.orderId);
    await deliver(order, order.orderId);
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
    await flood(order);
    await hasBegunAgain(order);
    assert.deepEqual(outcomes(order, 'deliver'), ['succeeded']);
    await order.handle.terminate();
  });

  test('begins again while it waits for another payment method', async () => {
    const order = await waitingOrder(
      workers(),
      {
        renewHold: async ({ request, next }) => {
          const { paymentMethod } = request as { paymentMethod: string };
          if (paymentMethod === 'pm_card_visa') throw new Refusal('CardDeclined', 'no money');
          return next();
        },
      },
      { authorizationDays: 1 / 86_400 },
    );
    await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
    await flood(order);
    await hasBegunAgain(order);
    await payWith(order, 'pm_card_mastercard');
    await effect(order, 'hold 400 on pm_card_mastercard');
    await dispatch(order, parcelsOf(order)[0]!);
    await order.handle.terminate();
  });

  test('begins again while a person has a step tried again and again', async () => {
    let refuses = true;
    const order = await waitingOrder(workers(), {
      capturePayment: async ({ next }) => {
        if (refuses) throw new Refusal('CaptureRefused', 'not now');
        return next();
      },
    });
    order.world.carrierMoves(order.orderId, order.orderId, 'dispatched');
    await order.moved('dispatched');
    for (let tries = 0; tries < 40; tries += 1) {
      await resolve(order.handle, await openIntervention(order, 'capturePayment'), 'retry');
    }
    await hasBegunAgain(order);
    const last = await openIntervention(order, 'capturePayment');
    refuses = false;
    await resolve(order.handle, last, 'retry');
    await effect(order, 'commit');
    assert.deepEqual(effectsAfterBooking(order), ['capture', 'commit']);
    assert.deepEqual(outcomes(order, 'dispatch'), ['succeeded']);
    await order.handle.terminate();
  });
});
