import { CancellationScope, allHandlersFinished, condition, setHandler } from '@temporalio/workflow';
import type { OrderStatus } from '../../activities/order-status.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';
import { Cancellation } from './cancellation.ts';
import { awaitDispatch, fulfill } from './fulfillment.ts';
import { type OrderInput, type ParcelMoved, parcelMovedSignal } from './messages.ts';
import { Parcel } from './parcel.ts';
import { place } from './placing.ts';

/**
 * Carries one order from placed to paid, shipped and delivered, or compensates all of it.
 * A rejected or canceled order completes normally; a *failed* workflow means that a person must look.
 */
export async function orderWorkflow(input: OrderInput): Promise<OrderStatus> {
  const history = new DisplayedHistory(`Order ${input.orderId}: ${moneyInWords(input.total)}`);
  const saga = new Saga(input.orderId, history, 'pending');
  const parcel = new Parcel();
  const cancellation = new Cancellation({
    stillPossible: () => !parcel.dispatched,
    requested: (reason) => history.add('cancel', 'started', reason ? { detail: reason } : {}),
  });
  // Sent by hand it may come empty: that says nothing new.
  setHandler(parcelMovedSignal, (update?: Partial<ParcelMoved>) => parcel.moved(update?.status ?? 'booked'), {
    description: 'An update from the carrier: the parcel was dispatched or delivered.',
  });
  const order = { input, history, saga, parcel, cancellation };

  // Only placing can be interrupted, and only by a cancellation that is handled there.
  return CancellationScope.nonCancellable(async () => {
    const status = (await place(order)) ?? (await awaitDispatch(order)) ?? (await fulfill(order));
    await condition(allHandlersFinished);
    return status;
  });
}
