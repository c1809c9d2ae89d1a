import { CancellationScope, allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { ShipmentStatus } from '../../activities/shipping.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { hasLongHistory } from '../saga/long-history.ts';
import { Saga } from '../saga/saga.ts';
import { servicesUntilAnswered } from '../saga/step-services.ts';
import { troubleOf } from '../saga/trouble.ts';
import { readInput } from '../incoming/arrivals.ts';
import { plainText } from '../display/markdown.ts';
import { type StrayParcelInput, strayParcelInput } from './messages.ts';

/** `notDispatched`: the carrier took its report back. `handled`: a person has dealt with the parcel. */
export type StrayParcelResult = 'notDispatched' | 'handled';

/**
 * The carrier moved a parcel of an order that ends, or has ended, without a sale: the goods are on their way and nobody
 * pays for them. Only a person can put that right. `retry` asks the carrier again, `skip` means that it is dealt with.
 */
export async function strayParcelWorkflow(given: StrayParcelInput): Promise<StrayParcelResult> {
  const input = readInput(strayParcelInput, given);
  const { orderId, trackingNumber, resumption } = input;
  const title = `Stray parcel ${plainText(trackingNumber)} of order ${orderId}`;
  const history = new DisplayedHistory(title, resumption?.historyCounts);
  const saga = new Saga(orderId, history);

  return CancellationScope.nonCancellable(async () => {
    let detail = resumption?.detail ?? contradictionOf(input);
    if (!resumption) history.add('dispatch', 'failed', { detail });
    while ((await saga.askPerson('dispatch', { detail })) === 'retry') {
      const status = await askCarrier(input);
      detail = status.refusal ?? `the carrier says now that the parcel is ${status.now}`;
      if (status.now === 'canceled' || status.now === 'booked') {
        history.add('dispatch', 'compensated', { detail });
        history.now('**Ended**: the parcel was not dispatched after all.');
        await bookkeeping.noteSteps(saga.update());
        return 'notDispatched';
      }
      history.add('dispatch', 'failed', { detail });
      if (hasLongHistory()) {
        await condition(allHandlersFinished);
        await saga.save();
        await continueAsNew<typeof strayParcelWorkflow>({
          ...input,
          resumption: { detail, historyCounts: history.counts },
        });
      }
    }
    history.now('**Ended**: a person has dealt with the parcel.');
    await condition(allHandlersFinished);
    return 'handled';
  });
}

const contradictionOf = ({ reported, contradicts, orderStatus }: StrayParcelInput): string =>
  contradicts === 'bookingCanceled'
    ? `the carrier reports the parcel as ${reported}, but it was canceled`
    : `the carrier reports the parcel as ${reported}, but the order's workflow had ended and left it ${orderStatus}`;

/** Where the parcel is now, or why the carrier cannot say it. */
async function askCarrier({
  orderId,
  parcelId,
}: StrayParcelInput): Promise<{ now?: ShipmentStatus; refusal?: string }> {
  try {
    const { answer } = await servicesUntilAnswered().shipping.trackShipment({ orderId, ...(parcelId && { parcelId }) });
    return { now: answer.status };
  } catch (error) {
    return { refusal: troubleOf(error).detail };
  }
}
