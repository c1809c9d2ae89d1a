import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import { hasLongHistory } from '../saga/long-history.ts';
import type { OrderInput, Resumption } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';

/**
 * Whether the order stops to begin again: its history is long, and nothing is under way. Not before it is called off, if it
 * must be.
 */
export const rests = ({
  turns,
  cancellation,
  hold,
  parcels,
}: Pick<OrderInProgress, 'turns' | 'cancellation' | 'hold' | 'parcels'>): boolean =>
  turns.idle && !cancellation.requested && !hold.lost && !parcels.someFound && hasLongHistory();

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
