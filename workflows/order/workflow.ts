import {
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  patched,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FulfillmentStatus, OrderStatus, PaymentStatus } from '../../activities/order-status.ts';
import { Cancellation } from './cancellation.ts';
import { Journal } from '../saga/displayed-history.ts';
import { type OrderInput, type ParcelMoved, parcelMovedSignal } from '../messages.ts';
import { Parcel } from './parcel.ts';
import { type Trouble, rejectionOf, troubleOf } from '../saga/trouble.ts';
import { Saga } from '../saga/saga.ts';
import { books, inOneGo, lane, services, settled } from '../saga/service-clients.ts';
import { type TakeStep, bookingOf, takeSteps } from './steps.ts';
import { inWords } from '../saga/summaries.ts';

/**
 * Carries one order from placed to paid, shipped and delivered, or leaves no trace of it.
 * A rejected or canceled order completes normally; a *failed* workflow means a person must look.
 */
export async function orderWorkflow(input: OrderInput): Promise<OrderStatus> {
  const journal = new Journal(`Order ${input.orderId}: ${inWords(input.total)}`);
  const saga = new Saga(input.orderId, journal, 'pending');
  const parcel = new Parcel();
  const cancellation = new Cancellation({
    stillPossible: () => !parcel.dispatched,
    requested: (reason) => journal.note('cancel', 'started', reason ? { detail: reason } : {}),
  });
  // Sent by hand it may come empty: that is no news.
  setHandler(parcelMovedSignal, (news?: Partial<ParcelMoved>) => parcel.moved(news?.status ?? 'booked'), {
    description: 'The carrier’s news of the parcel.',
  });
  const order: OrderInProgress = { input, journal, saga, parcel, cancellation };

  // Only placing can be interrupted, and only by a cancellation that is taken up here.
  return CancellationScope.nonCancellable(async () => {
    const status = (await place(order)) ?? (await awaitDispatch(order)) ?? (await fulfill(order));
    await condition(allHandlersFinished);
    return status;
  });
}

interface OrderInProgress {
  input: OrderInput;
  journal: Journal;
  saga: Saga;
  parcel: Parcel;
  cancellation: Cancellation;
}

/** Placed to confirmed. Answers how the order ended, or undefined where it goes on. */
async function place(order: OrderInProgress): Promise<OrderStatus | undefined> {
  const { input, journal, saga, cancellation } = order;
  registerUndos(input, saga);
  const ahead = cancellation.requested ? undefined : await inOneGo(input);
  if (ahead) saga.wentAhead(ahead);
  if (!ahead?.confirmed) {
    journal.note('record', 'succeeded');
    const recorded = await books.recordOrder(saga.note());
    // In the lane `durable` a run that leaves no trace has asked nobody: what it asks is in the history first.
    if (lane() !== 'durable' && recorded.again && !ahead?.first) saga.followsALostRun();

    let trackingNumber: string;
    try {
      const step: TakeStep = (name, ask) => saga.step(name, ask);
      ({ trackingNumber } = await cancellation.scope.run(() => takeSteps(input, step, services)));
    } catch (error) {
      const ended = await giveUp(order, error);
      if (ended) return ended;
      ({ trackingNumber } = await saga.step('bookShipment', () => settled.shipping.bookShipment(bookingOf(input))));
    }

    journal.note('confirm', 'succeeded');
    await books.confirmOrder({ ...saga.note(), trackingNumber, despiteWithheld: saga.afterALostRun });
  }
  saga.show('confirmed');
  return undefined;
}

/** Each undo stands here before any step is taken; what is undone is what may have happened. */
function registerUndos({ orderId, fromCart }: OrderInput, saga: Saga): void {
  // Also where a customer calls it off: an order cannot be changed, so that is how one corrects it and orders again.
  if (fromCart) saga.undoWith('takeLines', () => settled.cart.putLinesBack({ orderId }));
  saga.undoWith('reserveStock', () => settled.inventory.releaseStock({ orderId }));
  saga.undoWith('authorizePayment', () => settled.payment.voidPayment({ orderId }));
  saga.undoWith('bookShipment', () => settled.shipping.cancelShipment({ orderId }), { tooLate: 'AlreadyDispatched' });
}

/** Undoes what was done. Answers how the order ended, or undefined where it can only go forward. */
async function giveUp(order: OrderInProgress, error: unknown): Promise<OrderStatus | undefined> {
  const { saga, parcel, cancellation } = order;
  const why = isCancellation(error) ? 'canceled' : troubleOf(error);
  if (mayFollowALostTask()) saga.followsALostRun();
  // Whoever took the order up before may have told the customer that it is confirmed: then it is.
  const withheld = saga.afterALostRun ? await books.withholdOrder(saga.note()) : undefined;
  if (withheld?.confirmed && why !== 'canceled') return undefined;
  if (why !== 'canceled') cancellation.close();
  if (await saga.compensate()) return end(order, why);
  // The parcel has left although its booking was thought to have failed.
  parcel.moved('dispatched');
  return undefined;
}

// Started, scheduled, taken up: no task has completed before.
const FIRST_TASK_EVENTS = 3;

/**
 * Steps that are tried at once leave no trace before their task is reported. A worker may have taken all of them in the
 * task that is at hand, confirmed the order and died. In the first task the books tell that somebody was here before;
 * in a later one nobody does, so whatever may have happened is taken to have.
 */
const mayFollowALostTask = (): boolean =>
  lane() === 'local-first' && workflowInfo().historyLength > FIRST_TASK_EVENTS && patched('after-a-lost-task');

/** Confirmed to dispatched, unless somebody calls it off. */
async function awaitDispatch(order: OrderInProgress): Promise<OrderStatus | undefined> {
  const { saga, parcel, cancellation } = order;
  await parcel.until(
    () => parcel.dispatched || parcel.lost || cancellation.requested,
    () => track(order),
  );
  if (!parcel.dispatched && (await saga.compensate())) return end(order, 'canceled');

  if (cancellation.requested) order.journal.note('cancel', 'failed', { detail: 'the parcel had left' });
  cancellation.close();
  saga.commit();
  return undefined;
}

/** Dispatched to completed: the money is taken, the goods are gone, and nothing can be undone any more. */
async function fulfill(order: OrderInProgress): Promise<OrderStatus> {
  const { input, journal, saga, parcel } = order;
  const { orderId } = input;
  journal.note('dispatch', 'succeeded');
  await books.dispatchOrder(saga.note());

  const stuck = { paymentStatus: 'requires_action' } as const;
  const captured = await saga.mustHappen('capturePayment', () => settled.payment.capturePayment({ orderId }), stuck);
  if (captured === 'done') await books.captureOrder(saga.note());
  await saga.mustHappen('commitStock', () => settled.inventory.commitStock({ orderId }));

  await parcel.until(
    () => parcel.delivered,
    () => track(order),
  );
  journal.note('deliver', 'succeeded');
  const { returnableUntil } = await books.deliverOrder(saga.note());

  await sleep(Math.max(0, Date.parse(returnableUntil) - Date.now()), { summary: 'return window' });
  journal.note('complete', 'succeeded');
  await books.completeOrder(saga.note());
  saga.show('completed');
  return 'completed';
}

/** Asks the carrier; no answer is no news. */
async function track({ input, journal }: OrderInProgress) {
  try {
    const { answer } = await services.shipping.trackShipment({ orderId: input.orderId });
    return answer.status;
  } catch (error) {
    journal.note('dispatch', 'failed', { detail: troubleOf(error).detail });
    return undefined;
  }
}

/** Closes the books on an order of which nothing is left. */
async function end(order: OrderInProgress, why: 'canceled' | Trouble): Promise<OrderStatus> {
  const { journal, saga, cancellation } = order;
  const { reason } = cancellation;
  cancellation.close();
  const left = { paymentStatus: paymentLeft(saga), fulfillmentStatus: fulfillmentLeft(saga) };
  if (why === 'canceled') {
    journal.note('cancel', 'succeeded');
    await books.cancelOrder({ ...saga.note(), ...left, ...(reason !== undefined && { reason }) });
    saga.show('canceled');
    return 'canceled';
  }
  const rejection = rejectionOf(why);
  journal.note('reject', 'succeeded', { detail: rejection.code });
  await books.rejectOrder({ ...saga.note(), ...left, rejection });
  saga.show('rejected');
  return 'rejected';
}

function paymentLeft(saga: Saga): PaymentStatus {
  const standing = saga.standing('authorizePayment');
  // A void that a person chose to skip leaves the hold to that person.
  if (standing === 'skipped') return 'requires_action';
  return standing === 'undone' ? 'canceled' : 'not_paid';
}

const fulfillmentLeft = (saga: Saga): FulfillmentStatus =>
  saga.standing('bookShipment') === 'undone' ? 'canceled' : 'not_fulfilled';
