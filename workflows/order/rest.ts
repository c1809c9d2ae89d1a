import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import { hasLongHistory } from '../saga/long-history.ts';
import type { OrderInput, Resumption } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';

// A change books and cancels every parcel that has not left; what it does where one leaves meanwhile is for a workflow of its
// own, if there is much of it.
const EVENTS_OF_A_PARCEL = 10;

/** Whether nothing new may begin: the history is long. Not before the order is called off, if it must be. */
export const mustRest = ({
  cancellation,
  hold,
  parcels,
}: Pick<OrderInProgress, 'cancellation' | 'hold' | 'parcels'>): boolean =>
  !cancellation.requested &&
  !hold.lost &&
  !parcels.someFound &&
  hasLongHistory(EVENTS_OF_A_PARCEL * parcels.all.length);

/**
 * Whether the order stops to begin again: its history is long, and nothing is under way. While a person is asked it cannot, and
 * its parcels must not wait for the answer.
 */
export const rests = (order: Pick<OrderInProgress, 'turns' | 'cancellation' | 'hold' | 'parcels' | 'saga'>): boolean =>
  order.turns.idle && !order.saga.people.asked && mustRest(order);

/** Begins again where the order stands. Returns only if something has come up meanwhile. */
export async function beginAgain(order: OrderInProgress): Promise<void> {
  const { input, saga } = order;
  for (;;) {
    await condition(allHandlersFinished);
    if (!rests(order)) return;
    // What no bookkeeping has stored yet would be lost. Something may come while it is stored.
    if (saga.hasUnsaved) await saga.save();
    else break;
  }
  await continueAsNew<(input: OrderInput) => Promise<unknown>>({ ...input, resumption: standOf(order) });
}

const standOf = (order: OrderInProgress): Resumption => {
  const { parcels, history, hold, shippingAddress, returnableUntil, saga, paymentNews, answered } = order;
  return {
    parcels: parcels.states,
    settled: parcels.settledStates,
    historyCounts: history.counts,
    hold: { ...hold, renewAt: Number.isFinite(hold.renewAt) ? hold.renewAt : undefined },
    paymentNews: paymentNews.has,
    answered: [...answered].slice(-MOST_ANSWERED),
    shippingAddress,
    ...(returnableUntil !== undefined && { returnableUntil }),
    standing: saga.people.standing,
  };
};

// Callers repeat a request within a day, and an execution takes far fewer changes than this.
const MOST_ANSWERED = 100;
