import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { Refusal } from '../../platform/contract/refusal.ts';
import { cancelUpdate } from '../../workflows/order/messages.ts';
import { eventually } from './eventually.ts';
import { openIntervention, resolve } from './order-actions.ts';
import {
  cancelPieces,
  decide,
  deliver,
  dispatch,
  effect,
  parcelsOf,
  payWith,
  sendElsewhere,
  split,
  takenUnnoticed,
  waitingOrder,
} from './parcel-actions.ts';
import type { Scenario, Scenarios } from './scenario.ts';
import type { Fault, Faults, OrderChange, TestOrder } from './test-workers.ts';

/** Refuses to hold money on the order's first card again. */
const refuseFirstCard: Fault = async ({ request, next }) => {
  const { paymentMethod } = request as { paymentMethod: string };
  if (paymentMethod === 'pm_card_visa') throw new Refusal('CardDeclined', 'no money');
  return next();
};
const UNPAID: [Faults, OrderChange] = [{ renewHold: refuseFirstCard }, { authorizationDays: 1 / 86_400 }];

/** Every branch of an order that does not go its way in one parcel and with one hold. */
export const PARCEL_SCENARIOS: Scenarios = {
  'order-in-two-parcels': waiting(async (order) => {
    await split(order, 1, 3);
    for (const parcel of parcelsOf(order)) {
      await dispatch(order, parcel);
      await deliver(order, parcel);
    }
    await eventually(() => assert.equal(order.world.fulfillmentStatus, 'delivered'));
  }),
  'order-split-too-late': waiting(async (order) => {
    takenUnnoticed(order);
    await split(order, 1, 3).catch(() => undefined);
    await effect(order, 'commit');
  }),
  'order-split-while-one-of-two-leaves': waiting(async (order) => {
    await split(order, 1, 3);
    order.world.carrierMoves(order.orderId, parcelsOf(order)[1]!, 'dispatched');
    await split(order, 2, 2).catch(() => undefined);
    await effect(order, 'commit 3');
  }),
  'order-in-two-parcels-canceled': waiting(async (order) => {
    await split(order, 1, 3);
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await order.handle.result();
  }),
  'order-sent-elsewhere': waiting(async (order) => {
    await sendElsewhere(order, 3);
    await dispatch(order, parcelsOf(order)[0]!);
  }),
  'order-canceled-in-part': waiting(async (order) => {
    await cancelPieces(order, 3);
    await dispatch(order, parcelsOf(order)[0]!);
  }),
  'order-canceled-in-part-after-a-parcel': waiting(async (order) => {
    await split(order, 1, 3);
    await dispatch(order, parcelsOf(order)[0]!);
    await cancelPieces(order, 3);
    await effect(order, 'release rest');
  }),
  'order-parcel-lost-and-resent': inTrouble('lost', 'resend'),
  'order-parcel-lost-and-refunded': inTrouble('lost', 'refund'),
  'order-parcel-lost-and-found': inTrouble('lost', 'wait'),
  'order-parcel-returned-and-resent': inTrouble('returned_to_sender', 'resend'),
  'order-parcel-delayed': inTrouble('delayed'),
  'order-hold-renewed': waiting(
    async (order) => {
      await effect(order, 'release replaced holds');
      await dispatch(order, order.orderId);
    },
    {},
    { authorizationDays: 1 / 86_400 },
  ),
  'order-hold-expired-when-captured': waiting((order) => dispatch(order, order.orderId), {
    capturePayment: async ({ number, next }) => {
      if (number === 1) throw new Refusal('HoldExpired', 'the hold is gone');
      return next();
    },
  }),
  'order-hold-gone': waiting(async (order) => {
    await order.paymentMoved({ expiredHoldId: order.orderId });
    await effect(order, 'release replaced holds');
    await dispatch(order, order.orderId);
  }),
  'order-paid-with-another-method': waiting(
    async (order) => {
      await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
      await payWith(order, 'pm_card_mastercard');
      await dispatch(order, parcelsOf(order)[0]!);
    },
    ...UNPAID,
  ),
  'order-waits-for-another-method': waiting(
    async (order) => {
      await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
    },
    ...UNPAID,
  ),
  'order-not-paid-again': async (workers) => {
    const { handle } = await workers.place({ renewHold: refuseFirstCard }, { authorizationDays: 6 });
    await handle.result();
    return handle;
  },
  'order-begun-again': begunAgain(({ handle }) => handle),
  'order-begins-again': begunAgain(({ handle, client }, runId) => client.workflow.getHandle(handle.workflowId, runId)),
  'order-parcel-retried-by-a-person': waiting(
    async (order) => {
      await split(order, 1, 3);
      const [one] = parcelsOf(order) as [string];
      order.world.carrierMoves(order.orderId, one, 'dispatched');
      await order.moved('dispatched', one);
      await resolve(order.handle, await openIntervention(order, 'capturePayment'), 'retry');
      await effect(order, 'commit 1');
    },
    {
      capturePayment: async ({ number, next }) => {
        if (number === 1) throw new Refusal('CaptureRefused', 'not now');
        return next();
      },
    },
  ),
};

/** An order of four pieces that waits in real time for what is done to it; its history ends there. */
function waiting(work: (order: TestOrder) => Promise<void>, faults: Faults = {}, change: OrderChange = {}): Scenario {
  return async (workers) => {
    const order = await waitingOrder(workers, faults, change);
    await work(order);
    return order.handle;
  };
}

/** An order to which so much has happened that it has begun again. */
function begunAgain(recorded: (order: TestOrder, firstRunId: string) => WorkflowHandle): Scenario {
  return async (workers) => {
    const order = await waitingOrder(workers);
    const { runId } = await order.handle.describe();
    await split(order, 1, 3);
    for (let sent = 0; sent < 120; sent += 1) await order.moved('dispatched', randomUUID());
    await dispatch(order, parcelsOf(order)[0]!);
    return recorded(order, runId);
  };
}

function inTrouble(
  trouble: 'delayed' | 'lost' | 'returned_to_sender',
  decision?: 'resend' | 'refund' | 'wait',
): Scenario {
  return waiting(async (order) => {
    await dispatch(order, order.orderId);
    order.world.carrierMoves(order.orderId, order.orderId, trouble);
    await order.moved(trouble);
    await eventually(() => assert.deepEqual(order.world.troubles, [trouble]));
    if (decision) await decide(order, order.orderId, decision);
    if (decision !== 'resend' && decision !== 'refund') await deliver(order, order.orderId);
  });
}
