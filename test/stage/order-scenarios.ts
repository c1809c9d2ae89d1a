import assert from 'node:assert/strict';
import { cancelUpdate } from '../../workflows/order/messages.ts';
import { eventually } from './eventually.ts';
import {
  answerLost,
  confirmedUnnoticed,
  dispatchedUnnoticed,
  down,
  faultyTwice,
  mustConfirm,
  refuse,
  refuseOnce,
} from './faults.ts';
import {
  awaitsCustomer,
  canceledWith,
  confirmed,
  finish,
  lostAttempt,
  openIntervention,
  resolve,
} from './order-actions.ts';
import type { Scenario, Scenarios } from './scenario.ts';
import type { Fault, Faults, TestOrder } from './test-workers.ts';

const MUST_CONFIRM: Faults = { authorizePayment: mustConfirm() };

/** Every end state and branch of the order saga in the lane `durable`. */
export const DURABLE_ORDER_SCENARIOS: Scenarios = {
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
  'order-parcel-taken-over': async (workers) => {
    const order = await canceledWith(workers, { cancelShipment: refuse('CarrierContradicts') });
    await resolve(order.handle, await openIntervention(order, 'bookShipment'), 'skip');
    await order.handle.result();
    return order.handle;
  },
  'order-canceled-while-rejected': async (workers) => {
    const order = await workers.place({ authorizePayment: refuse('CardDeclined'), releaseStock: refuseOnce });
    const interventionId = await openIntervention(order, 'reserveStock');
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await resolve(order.handle, interventionId, 'retry');
    await order.handle.result();
    return order.handle;
  },
  'order-confirmed-by-its-customer': placedToBeConfirmed(async (order) => {
    order.world.confirmation = 'given';
    await order.paymentMoved();
    await confirmed(order);
    await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
    await order.handle.result();
  }),
  'order-confirmed-when-the-processor-was-asked': placed({ authorizePayment: confirmedUnnoticed }, async (order) => {
    await confirmed(order);
    await finish(order);
  }),
  'order-refused-by-its-customer': placedToBeConfirmed(async (order) => {
    order.world.confirmation = 'refused';
    await order.paymentMoved();
    await order.handle.result();
  }),
  'order-canceled-while-its-customer-confirms': placedToBeConfirmed(async ({ handle }) => {
    await handle.executeUpdate(cancelUpdate, { args: [{}] });
    await handle.result();
  }),
  'order-waits-for-its-customer': placedToBeConfirmed(async () => undefined),
  'order-never-confirmed-by-its-customer': placed(MUST_CONFIRM, async ({ handle }) => void (await handle.result())),
  'late-payment-released': late({}),
  'late-payment-skipped': late({ releaseLateHold: refuse('VoidRefused') }, 'skip'),
  'stray-parcel-handled': stray('skip'),
  'stray-parcel-not-dispatched': stray('retry'),
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
};

/** Scenarios whose histories differ between the lanes. */
export const LANE_SCENARIOS: Scenarios = {
  ...Object.fromEntries(
    [
      'order-completed',
      'order-completed-after-faults',
      'order-completed-by-asking-the-carrier',
      'order-rejected-card-declined',
      'order-rejected-service-unavailable',
      'order-from-cart-completed',
      'order-from-cart-rejected-cart-changed',
      'order-canceled-while-authorizing',
      'order-canceled-when-confirmed',
      'order-goes-forward-after-a-lost-booking',
      'order-confirmed-by-its-customer',
      'order-confirmed-when-the-processor-was-asked',
      'order-never-confirmed-by-its-customer',
    ].map((name) => [name, DURABLE_ORDER_SCENARIOS[name]!]),
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

/** Places an order in real time, and runs this once it waits for its customer. */
function placedToBeConfirmed(run: (order: TestOrder) => Promise<void>): Scenario {
  return async (workers) => {
    const order = await workers.place(MUST_CONFIRM, { by: workers.inRealTime });
    await awaitsCustomer(order);
    await run(order);
    return order.handle;
  };
}

/** A payment that was confirmed after its order had been canceled. */
function late(faults: Faults, resolution?: 'skip'): Scenario {
  return async (workers) => {
    const order = await canceledWith(workers, faults);
    await order.handle.result();
    order.world.confirmation = 'given';
    const handle = await workers.releaseLate(order);
    if (resolution) await resolve(handle, await openIntervention(order, 'releasePayment'), resolution);
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
    await order.moved('dispatched');
    await resolve(order.handle, await openIntervention(order, step), action);
    await finish(order);
  });
}

/** A parcel that moves although its order was canceled. */
function stray(action: 'retry' | 'skip'): Scenario {
  return async (workers) => {
    const order = await canceledWith(workers, {});
    await order.handle.result();
    const handle = await workers.reportStray(order);
    await resolve(handle, await openIntervention(order, 'dispatch'), action);
    await handle.result();
    return handle;
  };
}
