import { uuid4 } from '@temporalio/workflow';
import type { StockLine } from '../../../activities/identity.ts';
import { releaseRest } from '../capturing.ts';
import type { OrderInProgress } from '../order-in-progress.ts';
import { type CancelLinesRequest, cancelLinesRequest } from '../change-messages.ts';
import type { Parcel } from '../parcel.ts';
import { common, summed, without } from '../pieces.ts';
import { rebook, unbookForGood } from '../rebooking.ts';
import { type Change, refused } from './change.ts';

/** Some pieces that have not left are not sent. */
export const cancelLines: Change<CancelLinesRequest> = {
  parse: cancelLinesRequest,
  description: 'The customer or staff cancels some pieces that have not left.',
  check({ parcels, hold }, { lines }) {
    const { open } = parcels;
    if (open.length === 0) throw refused('TooLateToChange', 'everything of this order has left');
    if (hold.wanted) throw refused('NotChangeableNow', 'the order waits for another payment method');
    if (!restOf(open, lines)) throw refused('TooMany', 'more pieces than have not left');
  },
  async carryOut(order, { lines, reason }) {
    const { history, parcels, cancellation } = order;
    // Nothing would be left of it.
    if (!parcels.someLeft && restOf(parcels.open, lines)!.length === 0) return cancellation.request(reason);
    history.add('cancelLines', 'started', reason === undefined ? {} : { detail: reason });
    try {
      await drop(order, parcels.open, summed(lines));
    } catch (error) {
      history.add('cancelLines', 'failed');
      throw error;
    }
  },
};

const restOf = (open: readonly Parcel[], lines: readonly StockLine[]): StockLine[] | undefined =>
  without(
    open.flatMap((parcel) => parcel.lines),
    lines,
  );

/** These parcels have not left and are not sent, while others are. One that has left meanwhile goes on. */
export async function dropPieces(order: OrderInProgress, given: readonly Parcel[]): Promise<void> {
  const dropped = given.filter((parcel) => !parcel.left && !parcel.ended);
  if (dropped.length === 0) return;
  order.history.add('cancelLines', 'started', { detail: 'what has not left' });
  let released = false;
  for (const parcel of dropped) {
    if (!(await unbookForGood(order, parcel))) continue;
    await releaseLines(order, summed(parcel.lines));
    released = true;
  }
  if (released && order.parcels.someLeft) await releaseRest(order);
}

/** Takes the pieces out of the last of these parcels, then releases their stock, and their money if nothing else is due. */
async function drop(order: OrderInProgress, parcels: readonly Parcel[], lines: StockLine[]): Promise<void> {
  const replaced: Parcel[] = [];
  const fresh: Parcel[] = [];
  let toTake = lines;
  for (const parcel of parcels.toReversed()) {
    const taken = common(parcel.lines, toTake);
    if (taken.length === 0) continue;
    toTake = without(toTake, taken)!;
    replaced.push(parcel);
    const rest = without(parcel.lines, taken)!;
    if (rest.length > 0) fresh.push(order.parcels.expect(rest, { paid: parcel.state.paid }));
  }
  await rebook(order, { replaced, fresh });
  await releaseLines(order, lines);
  if (order.parcels.someLeft) await releaseRest(order);
}

async function releaseLines({ input: { orderId }, saga }: OrderInProgress, lines: StockLine[]): Promise<void> {
  const releaseId = uuid4();
  await saga.mustHappen('releaseLines', (ask) => ask.inventory.releaseLines({ orderId, releaseId, lines }));
}
