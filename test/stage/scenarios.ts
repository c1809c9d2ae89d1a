import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Lane } from '../../activities/lane.ts';
import type { cartReminderWorkflow } from '../../workflows/cart-reminder/workflow.ts';
import { cartChangedSignal, cartReminderId } from '../../workflows/cart-reminder/messages.ts';
import { cancelUpdate, parcelMovedSignal } from '../../workflows/order/messages.ts';
import { receiveReturnUpdate } from '../../workflows/return/messages.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/saga/messages.ts';
import { eventually } from './eventually.ts';
import { canceledWith, confirmed, finish, lostAttempt, openIntervention, resolve } from './order-actions.ts';
import type { TestOrder, TestWorkers, Fault, Faults } from './test-workers.ts';
import { answerLost, down, faultyTwice, dispatchedUnnoticed, refuse, refuseOnce } from './faults.ts';
import { type Line, askedMeanwhile } from './test-webhook-worker.ts';

/** Runs one branch of a workflow up to the point where its history is recorded. */
export type Scenario = (workers: TestWorkers) => Promise<WorkflowHandle>;

/** Every end state and branch of the order saga in the lane `durable`, and of the return workflow. */
const DURABLE: Readonly<Record<string, Scenario>> = {
  'order-completed': placed({}, finish),
  'order-completed-after-faults': placed(
    { reserveStock: faultyTwice, capturePayment: faultyTwice, commitStock: answerLost((number) => number === 1) },
    finish,
  ),
  'order-completed-by-asking-the-carrier': placed({}, async (order) => {
    await confirmed(order);
    order.world.parcel = 'delivered';
    await order.handle.result();
  }),
  'order-rejected-out-of-stock': ended({ reserveStock: refuse('OutOfStock') }),
  'order-rejected-card-declined': ended({ authorizePayment: refuse('CardDeclined') }),
  'order-rejected-insufficient-funds': ended({ authorizePayment: refuse('InsufficientFunds') }),
  'order-rejected-address-undeliverable': ended({ bookShipment: refuse('AddressUndeliverable') }),
  'order-rejected-service-unavailable': ended({ authorizePayment: answerLost(() => true) }),
  'order-canceled-while-reserving': canceledDuring('reserveStock'),
  'order-canceled-while-authorizing': canceledDuring('authorizePayment'),
  'order-canceled-while-booking': canceledDuring('bookShipment'),
  'order-canceled-when-confirmed': async (workers) => {
    const { handle } = await canceledWith(workers, {});
    await handle.result();
    return handle;
  },
  'order-canceled-by-an-operator': placed({}, async (order) => {
    await confirmed(order);
    await order.handle.cancel();
    await order.handle.result();
  }),
  'order-canceled-by-the-carrier': placed({}, async (order) => {
    await confirmed(order);
    order.world.parcel = 'canceled';
    await order.handle.result();
  }),
  'order-cancel-came-too-late': placed({}, async (order) => {
    await confirmed(order);
    order.world.parcel = 'dispatched';
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await finish(order);
  }),
  'order-goes-forward-after-a-lost-booking': placed(dispatchedUnnoticed(), async (order) => {
    await confirmed(order);
    await finish(order);
  }),
  'order-undo-refused-then-retried': async (workers) => {
    const order = await canceledWith(workers, { voidPayment: refuseOnce });
    await resolve(order.handle, await openIntervention(order, 'authorizePayment'), 'retry');
    await order.handle.result();
    return order.handle;
  },
  'order-undo-refused-then-skipped': async (workers) => {
    const order = await canceledWith(workers, { voidPayment: refuse('VoidRefused'), releaseStock: refuse('Never') });
    await resolve(order.handle, await openIntervention(order, 'authorizePayment'), 'skip');
    await resolve(order.handle, await openIntervention(order, 'reserveStock'), 'skip');
    await order.handle.result();
    return order.handle;
  },
  'order-capture-refused-then-retried': stuckAt('capturePayment', refuseOnce, 'retry'),
  'order-capture-refused-then-skipped': stuckAt('capturePayment', refuse('CaptureRefused'), 'skip'),
  'order-commit-refused-then-retried': stuckAt('commitStock', refuseOnce, 'retry'),
  'order-waits-for-dispatch': placed({}, confirmed),
  'order-waits-for-a-person': async (workers) => {
    const order = await canceledWith(workers, { voidPayment: refuse('VoidRefused') });
    await openIntervention(order, 'authorizePayment');
    return order.handle;
  },
  'order-from-cart-completed': fromCart({}, async (order) => {
    await confirmed(order);
    await finish(order);
  }),
  'order-from-cart-rejected-cart-changed': fromCart(
    { takeLines: refuse('CartChanged') },
    async ({ handle }) => void (await handle.result()),
  ),
  'order-from-cart-rejected-card-declined': fromCart(
    { authorizePayment: refuse('CardDeclined') },
    async ({ handle }) => void (await handle.result()),
  ),
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
};

/** Scenarios whose histories differ between the lanes. */
const IN_LANES: Readonly<Record<string, Scenario>> = {
  ...Object.fromEntries(
    [
      'order-completed',
      'order-completed-after-faults',
      'order-rejected-card-declined',
      'order-rejected-service-unavailable',
      'order-from-cart-completed',
      'order-from-cart-rejected-cart-changed',
      'order-canceled-while-authorizing',
      'order-canceled-when-confirmed',
      'order-goes-forward-after-a-lost-booking',
    ].map((name) => [name, DURABLE[name]!]),
  ),
  'order-completed-after-a-lost-run': async (workers) => {
    const order = await workers.place({}, await lostAttempt(workers, 'authorizePayment'));
    await confirmed(order);
    await finish(order);
    return order.handle;
  },
  'order-rejected-after-a-lost-run': async (workers) => {
    const { handle } = await workers.place({ reserveStock: down }, await lostAttempt(workers, 'bookShipment'));
    await handle.result();
    return handle;
  },
  'order-stays-confirmed-after-a-lost-run': async (workers) => {
    const order = await workers.place({ reserveStock: down }, await lostAttempt(workers, 'confirmOrder'));
    await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
    await finish(order);
    return order.handle;
  },
};

const inLane = (lane: Lane) =>
  Object.fromEntries(
    Object.entries(IN_LANES).map(([name, run]): [string, Scenario] => [
      `${name}-${lane}`,
      (workers) => run(workers.inLane(lane)),
    ]),
  );

/** Every end state and branch of the workflows. The replay test requires a recorded history of each. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...DURABLE,
  ...inLane('local-first'),
  ...inLane('express'),
  'cart-reminder-told': reminded(false),
  'cart-reminder-emptied': reminded(true),
  'webhook-delivered': delivered('delivered'),
  'webhook-delivered-after-retries': delivered('failed', 'failed', 'delivered'),
  'webhook-failed': delivered('failed'),
  'webhook-gone': delivered('failed', 'gone'),
  'webhook-moot': delivered('moot'),
  'webhook-retried-by-a-person': delivered(askedMeanwhile, 'delivered'),
  'webhook-begins-again': delivered(...Array<Line>(9).fill('failed'), askedMeanwhile),
};

function delivered(...script: Line[]): Scenario {
  return async (workers) => {
    const { handle } = await workers.deliver(...script);
    await handle.result();
    return handle;
  };
}

function placed(faults: Faults, run: (order: TestOrder) => Promise<void>): Scenario {
  return async (workers) => {
    const order = await workers.place(faults);
    await run(order);
    return order.handle;
  };
}

function fromCart(faults: Faults, run: (order: TestOrder) => Promise<void>): Scenario {
  return async (workers) => {
    const order = await workers.place(faults, { fromCart: true });
    await run(order);
    return order.handle;
  };
}

/** A cart that was changed, and then left alone or emptied. */
function reminded(emptied: boolean): Scenario {
  return async ({ client }) => {
    const customerId = randomUUID();
    const remindAt = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
    const handle = await client.workflow.start<typeof cartReminderWorkflow>('cartReminderWorkflow', {
      workflowId: cartReminderId(customerId),
      // Only this queue's test worker runs workflows; the history does not depend on the queue.
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ customerId, latest: { version: 1, empty: false, remindAt } }],
    });
    await handle.signal(cartChangedSignal, { version: 2, empty: emptied, remindAt });
    await handle.result();
    return handle;
  };
}

function ended(faults: Faults): Scenario {
  return placed(faults, async ({ handle }) => void (await handle.result()));
}

function canceledDuring(step: 'reserveStock' | 'authorizePayment' | 'bookShipment'): Scenario {
  return async (workers) => {
    const underway = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const wait: Fault = async ({ next }) => {
      underway.resolve();
      await go.promise;
      return next();
    };
    const { handle } = await workers.place({ [step]: wait });
    await underway.promise;
    await handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
    await handle.result();
    go.resolve();
    return handle;
  };
}

function stuckAt(step: 'capturePayment' | 'commitStock', fault: Fault, action: 'retry' | 'skip'): Scenario {
  return placed({ [step]: fault }, async (order) => {
    await order.handle.signal(parcelMovedSignal, { status: 'dispatched' });
    await resolve(order.handle, await openIntervention(order, step), action);
    await finish(order);
  });
}

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

function refundStuck(fault: Fault, action: 'retry' | 'skip'): Scenario {
  return sentBack({ refundPayment: fault }, async (handle, order) => {
    await handle.executeUpdate(receiveReturnUpdate, { args: [{ lines: goods('resellable') }] });
    await resolve(handle, await openIntervention(order, 'refundPayment'), action);
    await handle.result();
  });
}
