import assert from 'node:assert/strict';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { disputeMovedSignal } from '../../workflows/dispute/messages.ts';
import { receiveReturnUpdate } from '../../workflows/return/messages.ts';
import { eventually } from './eventually.ts';
import { refuse, refuseOnce } from './faults.ts';
import { finish, openIntervention, resolve } from './order-actions.ts';
import type { Scenario, Scenarios } from './scenario.ts';
import type { Fault, Faults, TestOrder, TestWorkers } from './test-workers.ts';

/** Every end state and branch of the workflows of returns and refunds. */
export const RETURN_SCENARIOS: Scenarios = {
  'return-refunded': sentBack({}, async (handle) => {
    await handle.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods('resellable') }] });
    await handle.result();
  }),
  'return-refunded-all-damaged': sentBack({}, async (handle) => {
    await handle.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods('damaged') }] });
    await handle.result();
  }),
  'return-expired': sentBack({}, async (handle) => void (await handle.result())),
  'return-refund-refused-then-retried': refundStuck(refuseOnce, 'retry'),
  'return-refund-refused-then-skipped': refundStuck(refuse('RefundRefused'), 'skip'),
  'return-refund-refused-then-manual': refundStuck(refuse('RefundRefused'), 'refund_manually'),
  'refund-failed-then-retried': refundFailed('retry'),
  'refund-failed-then-manual': refundFailed('refund_manually'),
  'refund-failed-then-skipped': refundFailed('skip'),
  'capture-failed-then-retried': captureFailed('retry'),
  'capture-failed-then-manual': captureFailed('collect_manually'),
  'capture-failed-then-skipped': captureFailed('skip'),
  'dispute-decided': disputed(async (handle, order) => {
    order.world.dispute = 'lost';
    await handle.signal(disputeMovedSignal, {});
    await handle.result();
  }),
  'dispute-decided-unnoticed': async (workers) => {
    const order = await workers.place({
      readDispute: ({ number, world, next }) => {
        if (number > 2) world.dispute = 'won';
        return next();
      },
    });
    await finish(order);
    const handle = await workers.dispute(order);
    await handle.result();
    return handle;
  },
  'dispute-handled': disputed(async (handle, order) => {
    await resolve(handle, await openIntervention(order, 'dispute'), 'skip');
    order.world.dispute = 'won';
    await handle.signal(disputeMovedSignal, {});
    await handle.result();
  }),
  'dispute-after-an-inquiry': async (workers) => {
    const order = await workers.place();
    await finish(order);
    order.world.dispute = 'inquiry';
    const handle = await workers.dispute(order, workers.inRealTime);
    await openIntervention(order, 'dispute');
    order.world.dispute = 'open';
    await handle.signal(disputeMovedSignal, {});
    await eventually(() => assert.equal(order.world.interventions.size, 2));
    await resolve(handle, await openIntervention(order, 'dispute'), 'skip');
    order.world.dispute = 'lost';
    await handle.signal(disputeMovedSignal, {});
    await handle.result();
    return handle;
  },
  'refund-paid': paidBack({}),
  'refund-refused-then-manual': paidBack({ refundPayment: refuse('RefundRefused') }, 'refund_manually'),
  'refund-refused-then-skipped': paidBack({ refundPayment: refuse('RefundRefused') }, 'skip'),
};

const goods = (condition: 'resellable' | 'damaged') => [{ sku: 'tea', quantity: 2, condition }];

type SentBack = Awaited<ReturnType<TestWorkers['sendBack']>>;

function sentBack(faults: Faults, run: (handle: SentBack, order: TestOrder) => Promise<void>): Scenario {
  return async (workers) => {
    const order = await workers.place(faults);
    const handle = await workers.sendBack(order);
    await run(handle, order);
    return handle;
  };
}

/** Money that staff gives back without a return. */
function paidBack(faults: Faults, action?: InterventionAction): Scenario {
  return async (workers) => {
    const order = await workers.place(faults);
    const handle = await workers.refund(order, 150);
    if (action) await resolve(handle, await openIntervention(order, 'refundPayment'), action);
    await handle.result();
    return handle;
  };
}

/** A refund that the card processor had said yes to, and could not pay. */
function refundFailed(action: InterventionAction): Scenario {
  return async (workers) => {
    const order = await workers.place();
    await finish(order);
    const handle = await workers.failRefund(order);
    await resolve(handle, await openIntervention(order, 'refundPayment'), action);
    await handle.result();
    return handle;
  };
}

/** Money that the card processor had captured, and has taken back. */
function captureFailed(action: InterventionAction): Scenario {
  return async (workers) => {
    const order = await workers.place();
    await finish(order);
    const handle = await workers.failCapture(order);
    await resolve(handle, await openIntervention(order, 'recapturePayment'), action);
    await handle.result();
    return handle;
  };
}

type Disputed = Awaited<ReturnType<TestWorkers['dispute']>>;

/** A payment that its card's holder disputes, in real time. */
function disputed(work: (handle: Disputed, order: TestOrder) => Promise<void>): Scenario {
  return async (workers) => {
    const order = await workers.place();
    await finish(order);
    const handle = await workers.dispute(order, workers.inRealTime);
    await openIntervention(order, 'dispute');
    await work(handle, order);
    return handle;
  };
}

function refundStuck(fault: Fault, action: InterventionAction): Scenario {
  return sentBack({ refundPayment: fault }, async (handle, order) => {
    await handle.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods('resellable') }] });
    await resolve(handle, await openIntervention(order, 'refundPayment'), action);
    await handle.result();
  });
}
