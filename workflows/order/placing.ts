import { isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Booking } from '../../activities/shipping.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { CONFIRMED } from '../saga/standing.ts';
import { lane } from '../saga/step-services.ts';
import { responseOf, unknownAmong } from '../saga/tried-step.ts';
import { troubleOf } from '../saga/trouble.ts';
import { end } from './ending.ts';
import { placeAtOnce } from './first-attempt.ts';
import type { OrderResult } from './messages.ts';
import { untilConfirmed } from './customer-confirmation.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import { cancelBookings, TOO_LATE } from './rebooking.ts';
import { bookingOf, takeSteps } from './steps.ts';

/** From placed to confirmed. Returns how the order ended, or undefined where it continues. */
export async function place(order: OrderInProgress): Promise<OrderResult | undefined> {
  const { input, history, saga } = order;
  registerUndos(order);
  if (input.resumption) {
    if (order.parcels.someLeft) pastReturn(order);
    else saga.allHappened();
    return undefined;
  }
  if (input.attempt?.confirmedAt !== undefined) {
    // By the order service; the details that the workflow was started with have the steps.
    saga.allHappened();
    order.parcels.all[0]!.promised(input.attempt.promisedBy);
    return undefined;
  }
  history.now('**Being placed**: its steps are taken.');
  const ended = await placeStepByStep(order);
  if (ended) return ended;
  order.phase = 'confirmed';
  saga.people.show(CONFIRMED);
  return undefined;
}

/** Once a parcel has left, nothing is undone any more. */
export function pastReturn({ saga, cancellation }: OrderInProgress): void {
  cancellation.close();
  saga.commit();
}

/** Each compensation stands here before any step is taken; it runs where the step may have happened. */
function registerUndos(order: OrderInProgress): void {
  const { saga, input } = order;
  const { orderId, fromCart } = input;
  // Also where a customer cancels: an order cannot be changed, so customers cancel it to correct it and order again.
  if (fromCart) saga.undoWith('takeLines', (ask) => ask.cart.putLinesBack({ orderId }));
  saga.undoWith('reserveStock', (ask) => ask.inventory.releaseStock({ orderId }));
  saga.undoWith('authorizePayment', (ask) => ask.payment.voidPayment({ orderId }));
  const { call, left } = cancelBookings(order);
  saga.undoWith('bookShipment', call, { tooLate: TOO_LATE, left });
}

async function placeStepByStep(order: OrderInProgress): Promise<OrderResult | undefined> {
  const { input, history, saga, parcels, cancellation } = order;
  history.add('record', 'succeeded');
  const note = saga.update();
  const first = await cancellation.scope.run(() => placeAtOnce({ ...note, input }));
  if (first?.outcome === 'confirmed') {
    history.show(first.entries);
    parcels.all[0]!.promised(first.promisedBy);
    saga.allHappened(first.entries.filter(({ outcome }) => outcome === 'succeeded').map(({ step }) => step));
    return undefined;
  }
  const tried = first?.outcome === 'stopped' ? first.tried : {};
  if (first?.outcome === 'stopped') saga.resumeAfter(unknownAmong(tried));
  else await record(order, note);

  let booking: Booking;
  try {
    booking = await cancellation.scope.run(() =>
      takeSteps(
        input,
        (step, call) => saga.step(step, async (ask) => responseOf(tried[step]) ?? call(ask)),
        (action) => saga.wait('authorizePayment', { as: 'confirmPayment', until: () => untilConfirmed(order, action) }),
      ),
    );
  } catch (error) {
    const ended = await giveUp(order, error);
    if (ended) return ended;
    booking = await saga.stepUntilAnswered('bookShipment', (ask) => ask.shipping.bookShipment(bookingOf(input)));
  }
  const { trackingNumber, promisedBy } = booking;
  parcels.all[0]!.promised(promisedBy);

  history.add('confirm', 'succeeded');
  await bookkeeping.confirmOrder({
    ...saga.update(),
    trackingNumber,
    ...(promisedBy !== undefined && { promisedBy }),
    despiteWithheld: saga.afterLostAttempt,
  });
  return undefined;
}

/** Records the order, which tells whether an earlier attempt at it has left no trace here. */
async function record({ input, saga }: OrderInProgress, note: OrderUpdate): Promise<void> {
  const recorded = await bookkeeping.recordOrder(note);
  if (input.attempt?.tried) saga.resumeAfter(input.attempt.tried);
  // In the lane `durable` an attempt that leaves no trace has called no service: its calls are in the history first.
  else if (lane() !== 'durable' && recorded.again) saga.resumeAfterLostAttempt();
}

/** Compensates what was done. Returns how the order ended, or undefined where it can only go forward. */
async function giveUp(order: OrderInProgress, error: unknown): Promise<OrderResult | undefined> {
  const { saga, parcels } = order;
  const why = isCancellation(error) ? 'canceled' : troubleOf(error);
  if (mayFollowLostTask()) saga.resumeAfterLostAttempt();
  // An earlier attempt may have told the customer that the order is confirmed: then it is.
  const fenced = saga.afterLostAttempt ? await bookkeeping.withholdOrder(saga.update()) : undefined;
  if (fenced?.confirmed && why !== 'canceled') return undefined;
  if (await saga.compensate()) return end(order, why);
  // The parcel has left although its booking was thought to have failed.
  parcels.moved(order.input.orderId, 'dispatched');
  return undefined;
}

// Started, scheduled, started by the worker: no workflow task has completed before.
const FIRST_TASK_EVENTS = 3;

/**
 * Local activities leave no trace before their workflow task is reported. A worker may have taken all steps in the
 * current task, confirmed the order and died. In the first task the order service's record tells that an earlier
 * attempt existed; in a later one nothing does, so every step counts as one that may have happened.
 */
const mayFollowLostTask = (): boolean =>
  lane() === 'local-first' && workflowInfo().historyLength > FIRST_TASK_EVENTS && patched('after-a-lost-task');
