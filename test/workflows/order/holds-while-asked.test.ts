import assert from 'node:assert/strict';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { openIntervention, resolve } from '../../stage/order-actions.ts';
import { effect, parcelsOf, split, waitingOrder } from '../../stage/parcel-actions.ts';
import { type Fault, type Faults, type TestOrder, useTestWorkers } from '../../stage/test-workers.ts';

// What comes before the hold is due has time enough.
const FIFTEEN_SECONDS = 15 / 86_400;

const cardRefused: Fault = async () => {
  throw new Refusal('CardDeclined', 'no money');
};
const statusesOf = ({ world }: TestOrder) => [...world.parcelRows.values()].map(({ status }) => status).toSorted();

describe('the hold of an order, while a person is asked', function () {
  this.timeout(120_000);
  const test = concurrently(16);
  const workers = useTestWorkers();
  const placeForLater = (faults: Faults) => waitingOrder(workers(), faults, { authorizationDays: FIFTEEN_SECONDS });

  const captureRefused: Fault = async ({ request, next }) => {
    const { amount } = request as { amount: { amountMinor: number } };
    if (amount.amountMinor === 100) throw new Refusal('CaptureRefused', 'not now');
    return next();
  };
  const onePieceLeft = async (order: TestOrder) => {
    await split(order, 1, 1, 2);
    const [one] = parcelsOf(order) as [string];
    order.world.carrierMoves(order.orderId, one, 'dispatched');
    await order.moved('dispatched', one);
    await openIntervention(order, 'capturePayment');
  };

  test('about one parcel, the others are held again, once for all of them', async () => {
    const order = await placeForLater({
      capturePayment: captureRefused,
      renewHold: async ({ next }) => {
        // Long enough for the other parcel to find the hold due.
        await new Promise((resume) => setTimeout(resume, 300));
        return next();
      },
    });
    await onePieceLeft(order);
    await effect(order, 'release replaced holds');
    await new Promise((resume) => setTimeout(resume, 500));
    assert.equal(order.world.calls.filter((call) => call === 'renewHold').length, 1);
    await order.handle.terminate();
  });

  test('about one parcel, the others do not leave unpaid', async () => {
    const order = await placeForLater({ capturePayment: captureRefused, renewHold: cardRefused });
    await onePieceLeft(order);
    await eventually(() => assert.deepEqual(statusesOf(order), ['dispatched', 'waiting', 'waiting']));
    await order.handle.terminate();
  });

  test('about a change, its parcels are not taken from it: no piece is sent twice', async () => {
    let refuses = true;
    const order = await placeForLater({
      renewHold: cardRefused,
      bookShipment: async ({ world, next }) => {
        const again = world.effects.filter((one) => one === 'cancel').length === 2;
        if (again && refuses) throw new Refusal('AddressUndeliverable', 'not now');
        return next();
      },
    });
    await split(order, 1, 3);
    order.world.carrierMoves(order.orderId, parcelsOf(order)[1]!, 'dispatched');
    const changed = split(order, 4).catch(() => undefined);
    const id = await openIntervention(order, 'rebookShipment');
    await eventually(() => assert.ok(order.world.calls.includes('renewHold')));
    await new Promise((resume) => setTimeout(resume, 500));
    refuses = false;
    await resolve(order.handle, id, 'retry');
    await changed;
    await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
    await effect(order, 'commit 3');
    const rows = [...order.world.parcelRows.values()].map(({ status, lines }) => `${status} ${lines[0]!.quantity}`);
    assert.deepEqual(new Set(rows), new Set(['dispatched 3', 'waiting 1']));
    await order.handle.terminate();
  });

  test('about a change under way, is renewed beside it also where it had expired before', async () => {
    let refuses = true;
    const order = await waitingOrder(
      workers(),
      {
        bookShipment: async ({ world, next }) => {
          const again = world.effects.filter((one) => one === 'cancel').length === 2;
          if (!again || !refuses) return next();
          // The change is under way, and nobody is asked yet.
          await order.paymentMoved({ expiredHoldId: order.orderId });
          throw new Refusal('AddressUndeliverable', 'not now');
        },
      },
      { authorizationDays: 6 },
    );
    await split(order, 1, 3);
    order.world.carrierMoves(order.orderId, parcelsOf(order)[1]!, 'dispatched');
    const changed = split(order, 4).catch(() => undefined);
    const id = await openIntervention(order, 'rebookShipment');
    await effect(order, 'release replaced holds');
    refuses = false;
    await resolve(order.handle, id, 'retry');
    await changed;
    assert.equal(order.world.calls.filter((call) => call === 'renewHold').length, 1);
    await order.handle.terminate();
  });
});
