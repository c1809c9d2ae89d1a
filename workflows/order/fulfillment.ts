import { sleep } from '@temporalio/workflow';
import type { ShipmentStatus } from '../../activities/shipping.ts';
import { momentInWords } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { forwardServices } from '../saga/step-services.ts';
import { troubleOf } from '../saga/trouble.ts';
import { end } from './ending.ts';
import type { OrderResult } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';

/** From confirmed to dispatched, unless the order is canceled. Returns how it ended, or undefined where it continues. */
export async function awaitDispatch(order: OrderInProgress): Promise<OrderResult | undefined> {
  const { input, saga, parcel, cancellation } = order;
  const { confirmedAt } = input.attempt ?? {};
  await parcel.until(() => parcel.dispatched || parcel.lost || cancellation.requested, {
    ...newsOf(order, '**Confirmed**: waits for the carrier to take the parcel.'),
    // This workflow may have been started long after.
    ...(confirmedAt !== undefined && { waitedMs: Date.now() - Date.parse(confirmedAt) }),
  });
  if (!parcel.dispatched && (await saga.compensate())) return end(order, 'canceled');

  if (cancellation.requested) order.history.add('cancel', 'failed', { detail: 'the parcel had left' });
  cancellation.close();
  saga.commit();
  return undefined;
}

/** From dispatched to completed: the money is captured, the goods have left, and nothing can be undone any more. */
export async function fulfill(order: OrderInProgress): Promise<OrderResult> {
  const { input, history, saga, parcel } = order;
  const { orderId } = input;
  history.add('dispatch', 'succeeded');
  await bookkeeping.dispatchOrder(saga.update());

  const stuck = { paymentStatus: 'requires_action' } as const;
  const captured = await saga.mustHappen('capturePayment', (ask) => ask.payment.capturePayment({ orderId }), stuck);
  if (captured === 'done') await bookkeeping.captureOrder(saga.update());
  await saga.mustHappen('commitStock', (ask) => ask.inventory.commitStock({ orderId }));

  await parcel.until(() => parcel.delivered, newsOf(order, '**Dispatched**: waits for the delivery.'));
  history.add('deliver', 'succeeded');
  const { returnableUntil } = await bookkeeping.deliverOrder(saga.update());

  const windowEnd = new Date(returnableUntil);
  history.now(`**Delivered**: may be returned until ${momentInWords(windowEnd)}; then the order is complete.`);
  await sleep(Math.max(0, windowEnd.getTime() - Date.now()), { summary: 'return window' });
  history.add('complete', 'succeeded');
  await bookkeeping.completeOrder(saga.update());
  saga.show('completed');
  history.now('**Completed**: paid, delivered, and no longer returnable.');
  return { status: 'completed' };
}

/** How the order waits for its parcel: it says so, and asks the carrier when no news comes. */
const newsOf = (order: OrderInProgress, standing: string) => ({
  waiting: (until: Date) =>
    order.history.now(`${standing} The carrier is asked at ${momentInWords(until)} if it sends no news.`),
  track: () => track(order),
});

/** Asks the carrier where the parcel is. Undefined where it does not respond. */
async function track({ input, history }: OrderInProgress): Promise<ShipmentStatus | undefined> {
  try {
    const { answer } = await forwardServices().shipping.trackShipment({ orderId: input.orderId });
    return answer.status;
  } catch (error) {
    history.add('dispatch', 'failed', { detail: troubleOf(error).detail });
    return undefined;
  }
}
