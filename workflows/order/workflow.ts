import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { CONFIRMED, PLACED } from '../saga/standing.ts';
import { Cancellation } from './cancellation.ts';
import { PaymentNews } from './customer-confirmation.ts';
import { takeChanges } from './changes/index.ts';
import { fulfill } from './fulfillment.ts';
import { firstHold } from './hold.ts';
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
import type { OrderInProgress } from './order-in-progress.ts';
import { Parcels } from './parcels.ts';
import { place } from './placing.ts';
import { Turns } from './turns.ts';

/**
 * Carries one order from placed to paid, shipped and delivered, or compensates all of it.
 * A rejected or canceled order completes normally; a *failed* workflow means that a person must look.
 */
export async function orderWorkflow(given: OrderInput): Promise<OrderResult> {
  const input = readInput(orderInput, given);
  const { resumption } = input;
  const history = new DisplayedHistory(orderTitle(input), resumption?.historyCounts);
  const beginsConfirmed = resumption !== undefined || input.attempt?.confirmedAt !== undefined;
  const saga = new Saga(input.orderId, history, resumption?.standing ?? (beginsConfirmed ? CONFIRMED : PLACED));
  const parcels = new Parcels(resumption?.parcels ?? [{ id: input.orderId, lines: input.lines }], resumption?.settled);
  // Registered before the cancellation: what has come before the first task is handed out in this order, and the news that
  // the parcel has left makes a cancellation too late.
  onSignal(parcelMovedSignal, {
    parse: parcelMoved,
    take: ({ parcelId, status }) => parcels.moved(parcelId ?? input.orderId, status),
    dropped: (why) => history.note(why),
    description: 'An update from the carrier about a parcel.',
  });
  const hold = resumption ? { ...resumption.hold, renewAt: resumption.hold.renewAt ?? Infinity } : firstHold(input);
  const paymentNews = new PaymentNews();
  if (resumption?.paymentNews) paymentNews.arrived();
  onSignal(paymentMovedSignal, {
    parse: paymentMoved,
    take({ expiredHoldId }) {
      if (expiredHoldId === undefined) paymentNews.arrived();
      else hold.expiredId = expiredHoldId;
    },
    dropped: (why) => history.note(why),
    description: 'The processor has news about the payment.',
  });
  const cancellation = new Cancellation({
    stillPossible: () => !parcels.someLeft,
    requested: (reason) => history.add('cancel', 'started', reason ? { detail: reason } : {}),
  });
  const order: OrderInProgress = {
    input,
    history,
    saga,
    parcels,
    turns: new Turns(),
    hold,
    paymentNews,
    answered: new Map(resumption?.answered),
    cancellation,
    shippingAddress: resumption?.shippingAddress ?? input.shippingAddress,
    returnableUntil: resumption?.returnableUntil,
    // A change may come with the start.
    phase: beginsConfirmed ? 'confirmed' : 'placing',
  };
  takeChanges(order);

  // Only placing can be interrupted, and only by a cancellation that is handled there.
  return CancellationScope.nonCancellable(async () => {
    const result = (await place(order)) ?? (await fulfill(order));
    await condition(allHandlersFinished);
    return result;
  });
}
