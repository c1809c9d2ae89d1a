import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { Cancellation } from './cancellation.ts';
import { PaymentNews } from './customer-confirmation.ts';
import { awaitDispatch, fulfill } from './fulfillment.ts';
import { onSignal, readInput } from '../incoming/arrivals.ts';
import {
  type OrderInput,
  type OrderResult,
  orderInput,
  orderTitle,
  parcelMoved,
  parcelMovedSignal,
  paymentMoved,
  paymentMovedSignal,
} from './messages.ts';
import { Parcel } from './parcel.ts';
import { place } from './placing.ts';

/**
 * Carries one order from placed to paid, shipped and delivered, or compensates all of it.
 * A rejected or canceled order completes normally; a *failed* workflow means that a person must look.
 */
export async function orderWorkflow(given: OrderInput): Promise<OrderResult> {
  const input = readInput(orderInput, given);
  const history = new DisplayedHistory(orderTitle(input));
  const saga = new Saga(input.orderId, history, input.attempt?.confirmedAt === undefined ? 'pending' : 'confirmed');
  const parcel = new Parcel();
  // Registered before the cancellation: what has come before the first task is handed out in this order, and the news that
  // the parcel has left makes a cancellation too late.
  onSignal(parcelMovedSignal, {
    parse: parcelMoved,
    take: ({ status }) => parcel.moved(status),
    dropped: (why) => history.note(why),
    description: 'An update from the carrier: the parcel was dispatched or delivered.',
  });
  const paymentNews = new PaymentNews();
  onSignal(paymentMovedSignal, {
    parse: paymentMoved,
    take: () => paymentNews.arrived(),
    dropped: (why) => history.note(why),
    description: 'The processor has news about the payment.',
  });
  const cancellation = new Cancellation({
    stillPossible: () => !parcel.dispatched,
    requested: (reason) => history.add('cancel', 'started', reason ? { detail: reason } : {}),
  });
  const order = { input, history, saga, parcel, paymentNews, cancellation };

  // Only placing can be interrupted, and only by a cancellation that is handled there.
  return CancellationScope.nonCancellable(async () => {
    const result = (await place(order)) ?? (await awaitDispatch(order)) ?? (await fulfill(order));
    await condition(allHandlersFinished);
    return result;
  });
}
