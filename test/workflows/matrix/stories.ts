import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { InterventionAction } from '../../../activities/order-bookkeeping.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { disputeMovedSignal } from '../../../workflows/dispute/messages.ts';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { receiveReturnUpdate } from '../../../workflows/return/messages.ts';
import { eventually } from '../../stage/eventually.ts';
import { refuse } from '../../stage/faults.ts';
import { finish, isRefused, lostAttempt, openInterventionNow, resolve } from '../../stage/order-actions.ts';
import type { OrderWorld } from '../../stage/order-world.ts';
import {
  cancelPieces,
  decide,
  dispatch,
  parcelsOf,
  payWith,
  sendElsewhere,
  split,
} from '../../stage/parcel-actions.ts';
import type { Fault, Faults, OrderChange, TestOrder, TestWorkers } from '../../stage/test-workers.ts';
import { remind } from './play.ts';

/** One play of a story. */
export interface Play {
  order: TestOrder;
  workers: TestWorkers;
  /** Whether the next act comes. Resolves to false where the order has ended otherwise. */
  goesOn: Promise<boolean>;
  /** The workflow that the story is about, if it is not the order's. */
  other?: Pick<WorkflowHandle, 'result' | 'cancel'>;
  otherFailed?: true;
}
export type Act = (play: Play) => Promise<unknown>;

/** What happens to an order of four pieces in the lane `durable`, from its placing to where nothing is under way. */
export interface Story {
  faults?: Faults;
  change?: OrderChange | ((workers: TestWorkers) => Promise<OrderChange>);
  /** Whether the server skips time where nothing happens. */
  skipsTime?: true;
  /** Whether the activities are called by another workflow than the order's: one that only moves forward, or may be canceled. */
  by?: 'another workflow' | 'a reminder';
  acts: readonly Act[];
}

const until =
  (check: (world: OrderWorld) => void): Act =>
  ({ order: { world } }) =>
    eventually(() => {
      // What is waited for never comes in an order that has ended.
      if (world.status !== 'canceled' && world.status !== 'rejected') check(world);
    });
const confirmed = until((world) => assert.equal(world.status, 'confirmed', JSON.stringify(world.history)));
const on =
  (act: (order: TestOrder) => Promise<unknown>): Act =>
  ({ order }) =>
    act(order);
const ended = on(({ handle }) => handle.result());
const cancel = on(({ handle }) => handle.executeUpdate(cancelUpdate, { args: [{}] }));

/** Another workflow, to its end. */
const other =
  (start: (play: Play) => Promise<NonNullable<Play['other']>>): Act =>
  async (play) => {
    play.other = await start(play);
    play.other.result().catch(() => (play.otherFailed = true));
  };
const answer =
  (step: string, action: InterventionAction): Act =>
  async (play) => {
    const { order, workers } = play;
    const id = await eventually(() => (play.otherFailed ? undefined : openInterventionNow(order, step)));
    if (id === undefined) return;
    await resolve(workers.client.workflow.getHandle(order.world.interventions.get(id)!.workflowId), id, action);
  };
const otherEnded: Act = ({ other: handle }) => handle!.result();

const dispatched = on((order) => dispatch(order, parcelsOf(order)[0]!));
const cameBack = on(async (order) => {
  order.world.carrierMoves(order.orderId, order.orderId, 'returned_to_sender');
  await order.moved('returned_to_sender');
});
const toldOf = (trouble: string) => until(({ troubles }) => assert.deepEqual(troubles, [trouble]));

const lines = [{ sku: 'tea', quantity: 2, condition: 'resellable' as const }];
const sentBack = other(({ order, workers }) => workers.sendBack(order, {}, workers.inRealTime));
const received: Act = ({ other: handle }) =>
  (handle as WorkflowHandle).executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
const refunded = other(({ order, workers }) => workers.refund(order, 150));
const captureFailed = other(({ order, workers }) => workers.failCapture(order));
const disputeLost: Act = ({ order, other: handle }) => {
  order.world.dispute = 'lost';
  return (handle as WorkflowHandle).signal(disputeMovedSignal, {});
};
const NO_REFUND: Faults = { refundPayment: refuse('RefundRefused') };

const refuseFirstCard: Fault = async ({ request, next }) => {
  const { paymentMethod } = request as { paymentMethod: string };
  if (paymentMethod === 'pm_card_visa') throw new Refusal('CardDeclined', 'no money');
  return next();
};
// In real time: long enough for what follows each hold to happen before the next is due.
const TEN_SECONDS = 10 / 86_400;

export const STORIES = {
  'placed from a cart, delivered and completed': {
    change: { fromCart: true },
    skipsTime: true,
    acts: [confirmed, on(finish)],
  },
  'placed from a cart and canceled': { change: { fromCart: true }, acts: [confirmed, cancel, ended] },
  rejected: { faults: { bookShipment: refuse('AddressUndeliverable') }, acts: [ended] },
  'rejected after a lost attempt': {
    faults: { authorizePayment: refuse('CardDeclined') },
    change: async (workers) => ({ ...(await lostAttempt(workers, 'reserveStock')), lane: 'local-first' }),
    acts: [ended],
  },
  'confirmed by its customer': {
    faults: {
      authorizePayment: async ({ world, next }) => {
        if (world.confirmation === 'none') world.confirmation = 'awaited';
        return next();
      },
    },
    acts: [
      until(({ paymentStatus }) => assert.equal(paymentStatus, 'awaiting_customer')),
      on((order) => {
        order.world.confirmation = 'given';
        return order.paymentMoved();
      }),
      confirmed,
    ],
  },
  'divided, sent elsewhere and canceled in part': {
    acts: [
      confirmed,
      on((order) => split(order, 1, 3)),
      on((order) => sendElsewhere(order, 3)),
      on((order) => cancelPieces(order, 1)),
      dispatched,
      on((order) => cancelPieces(order, 2)),
    ],
  },
  'held again': {
    change: { authorizationDays: TEN_SECONDS },
    acts: [confirmed, until(({ effects }) => assert.ok(effects.includes('release replaced holds'))), dispatched],
  },
  'paid with another method': {
    faults: { renewHold: refuseFirstCard },
    change: { authorizationDays: TEN_SECONDS },
    acts: [
      confirmed,
      until(({ paymentStatus }) => assert.equal(paymentStatus, 'awaiting_customer')),
      on((order) => payWith(order, 'pm_card_mastercard')),
      dispatched,
    ],
  },
  'returned to its sender and sent again': {
    acts: [
      confirmed,
      dispatched,
      cameBack,
      toldOf('returned_to_sender'),
      on((order) => decide(order, order.orderId, 'resend')),
      dispatched,
    ],
  },
  'returned to its sender and not booked again': {
    faults: {
      bookShipment: async ({ world, next }) => {
        if (world.effects.includes('commit')) throw new Refusal('AddressUndeliverable', 'nobody lives there');
        return next();
      },
    },
    acts: [
      confirmed,
      dispatched,
      cameBack,
      toldOf('returned_to_sender'),
      on((order) => assert.rejects(decide(order, order.orderId, 'resend'), isRefused('AddressUndeliverable'))),
    ],
  },
  refunded: { by: 'another workflow', acts: [confirmed, refunded, otherEnded] },
  'not refunded': {
    by: 'another workflow',
    faults: NO_REFUND,
    acts: [confirmed, refunded, answer('refundPayment', 'skip'), otherEnded],
  },
  'refunded by hand': {
    by: 'another workflow',
    faults: NO_REFUND,
    acts: [confirmed, refunded, answer('refundPayment', 'refund_manually'), otherEnded],
  },
  'refunded again': {
    by: 'another workflow',
    acts: [
      confirmed,
      other(({ order, workers }) => workers.failRefund(order)),
      answer('refundPayment', 'retry'),
      otherEnded,
    ],
  },
  'captured again': {
    by: 'another workflow',
    acts: [confirmed, captureFailed, answer('recapturePayment', 'retry'), otherEnded],
  },
  'written off': {
    by: 'another workflow',
    acts: [confirmed, captureFailed, answer('recapturePayment', 'skip'), otherEnded],
  },
  'collected by hand': {
    by: 'another workflow',
    acts: [confirmed, captureFailed, answer('recapturePayment', 'collect_manually'), otherEnded],
  },
  disputed: {
    by: 'another workflow',
    acts: [
      confirmed,
      other(({ order, workers }) => workers.dispute(order, workers.inRealTime)),
      answer('dispute', 'skip'),
      disputeLost,
      otherEnded,
    ],
  },
  'sent back and refunded': { by: 'another workflow', acts: [confirmed, sentBack, received, otherEnded] },
  'sent back and not refunded': {
    by: 'another workflow',
    faults: NO_REFUND,
    acts: [confirmed, sentBack, received, answer('refundPayment', 'skip'), otherEnded],
  },
  'never sent back': {
    by: 'another workflow',
    skipsTime: true,
    acts: [confirmed, other(({ order, workers }) => workers.sendBack(order)), otherEnded],
  },
  'paid too late': {
    by: 'another workflow',
    acts: [
      confirmed,
      cancel,
      ended,
      other(({ order, workers }) => {
        order.world.confirmation = 'given';
        return workers.releaseLate(order);
      }),
      otherEnded,
    ],
  },
  'taken by mistake': {
    by: 'another workflow',
    acts: [
      confirmed,
      cancel,
      ended,
      other(({ order, workers }) => workers.reportStray(order)),
      answer('dispatch', 'retry'),
      otherEnded,
    ],
  },
  'left in the cart': { by: 'a reminder', acts: [confirmed, other(remind), otherEnded] },
} as const satisfies Record<string, Story>;
