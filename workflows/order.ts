import {
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { FulfillmentStatus, OrderStatus, PaymentStatus } from '../activities/order-status.ts';
import { Cancellation } from './cancellation.ts';
import { Journal } from './journal.ts';
import { type OrderInput, type ParcelMoved, parcelMovedSignal } from './messages.ts';
import { Parcel } from './parcel.ts';
import { type Trouble, rejectionOf, troubleOf } from './refusals.ts';
import { Saga } from './saga.ts';
import { books, inventory, payment, settled, shipping } from './services.ts';
import { inWords } from './summaries.ts';

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
  const { input, journal, saga, parcel, cancellation } = order;
  journal.note('record', 'succeeded');
  await books.recordOrder(saga.note());

  let trackingNumber: string;
  try {
    ({ trackingNumber } = await cancellation.scope.run(() => takeSteps(input, saga)));
  } catch (error) {
    const trouble = troubleOf(error);
    if (!isCancellation(error)) cancellation.close();
    if (await saga.compensate()) return end(order, isCancellation(error) ? 'canceled' : trouble);
    // The parcel has left although its booking was thought to have failed: the order can only go forward.
    parcel.moved('dispatched');
    ({ trackingNumber } = await saga.step('bookShipment', () => settled.shipping.bookShipment(bookingOf(input))));
  }

  journal.note('confirm', 'succeeded');
  await books.confirmOrder({ ...saga.note(), trackingNumber });
  saga.show('confirmed');
  return undefined;
}

async function takeSteps(input: OrderInput, saga: Saga): Promise<{ trackingNumber: string }> {
  const { orderId, lines, total, paymentMethod } = input;

  saga.undoWith('reserveStock', () => settled.inventory.releaseStock({ orderId }));
  await saga.step('reserveStock', () => inventory.reserveStock({ orderId, lines }));

  saga.undoWith('authorizePayment', () => settled.payment.voidPayment({ orderId }));
  await saga.step('authorizePayment', () => payment.authorizePayment({ orderId, amount: total, paymentMethod }));

  saga.undoWith('bookShipment', () => settled.shipping.cancelShipment({ orderId }), { tooLate: 'AlreadyDispatched' });
  return saga.step('bookShipment', () => shipping.bookShipment(bookingOf(input)));
}

const bookingOf = ({ orderId, shippingAddress }: OrderInput) => ({ orderId, address: shippingAddress });

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
    const { answer } = await shipping.trackShipment({ orderId: input.orderId });
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
