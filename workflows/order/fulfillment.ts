import { condition } from '@temporalio/workflow';
import { momentInWords } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { forwardServices } from '../saga/step-services.ts';
import { troubleOf } from '../saga/trouble.ts';
import { TriedLongEnough, capture } from './capturing.ts';
import { dropPieces } from './changes/cancel-lines.ts';
import { end } from './ending.ts';
import { giveUpHold, isGone, renewIfDue, renewalDue, untilPaidAgain } from './hold.ts';
import type { OrderResult } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import type { Parcel } from './parcel.ts';
import { pastReturn } from './placing.ts';
import { refOf } from './rebooking.ts';
import { askAboutFound, tellOfTrouble } from './parcel-trouble.ts';
import { beginAgain, mustRest, rests } from './rest.ts';
import { showStanding } from './standing-of-parcels.ts';

/**
 * From confirmed to completed: every parcel leaves, is paid for and arrives; or the order is canceled before the first has
 * left. After that nothing can be undone any more, except by sending less.
 */
export async function fulfill(order: OrderInProgress): Promise<OrderResult> {
  for (;;) {
    await carryParcels(order);
    if (order.parcels.allEnded) return complete(order);
    if (rests(order)) await beginAgain(order);
    if (order.parcels.all.some((parcel) => goesOn(order, parcel))) continue;
    const ended = await order.turns.take(() => callOff(order));
    if (ended) return ended;
    await leaveAtOnce(order);
  }
}

/** Every parcel on its own way, those included that come to be meanwhile, until none goes on by itself. */
async function carryParcels(order: OrderInProgress): Promise<void> {
  const underWay = new Set<Parcel>();
  let failure: { error: unknown } | undefined;
  const toBegin = () =>
    rests(order) ? [] : order.parcels.all.filter((parcel) => !underWay.has(parcel) && goesOn(order, parcel));
  const begin = async (parcel: Parcel) => {
    underWay.add(parcel);
    try {
      await carry(order, parcel);
    } catch (error) {
      if (!(error instanceof TriedLongEnough)) failure ??= { error };
    } finally {
      underWay.delete(parcel);
    }
  };
  do {
    for (const parcel of toBegin()) void begin(parcel);
    const news = () => toBegin().length > 0 || order.parcels.someFound;
    await condition(() => failure !== undefined || underWay.size === 0 || news());
    await askAboutFound(order);
    // A bug: it must stop the workflow task, and not be lost.
    if (failure) throw failure.error;
  } while (underWay.size > 0 || toBegin().length > 0);
}

/** One that has left goes on whatever happens; one that has not, unless the order is called off. */
const goesOn = (order: OrderInProgress, parcel: Parcel): boolean =>
  !parcel.ended && (parcel.left || !(parcel.gone || calledOff(order, parcel)));

/** What is sent again is paid for, and does not depend on the hold. */
const calledOff = ({ cancellation, hold }: OrderInProgress, { state }: Parcel): boolean =>
  cancellation.requested || (hold.lost && !state.paid);

/** One parcel, until it has arrived, others have taken its place, or it does not go on by itself. */
async function carry(order: OrderInProgress, parcel: Parcel): Promise<void> {
  if (parcel.waits) {
    await untilPaidAgain(order, parcel);
    return dropIfOthers(order, parcel);
  }
  if (parcel.state.stage === 'open') {
    await untilTaken(order, parcel);
    if (!parcel.left) return dropIfOthers(order, parcel);
    await order.turns.take(() => leave(order, parcel), { sparesOthers: true });
    // Many may leave at once, each with some two dozen events.
    if (parcel.state.stage === 'open') return condition(() => rests(order) || !mustRest(order));
    showStanding(order);
  }
  while (!parcel.ended) {
    const news = () => parcel.ended || parcel.delivered || parcel.trouble !== undefined;
    await parcel.until(() => news() || rests(order), {
      ...newsOf(order, parcel, standingOf(parcel)),
      due: () => lateAt(parcel),
    });
    if (!news()) return;
    await order.turns.take(() => follow(order, parcel));
    showStanding(order);
  }
}

function untilTaken(order: OrderInProgress, parcel: Parcel): Promise<void> {
  const { confirmedAt } = order.input.attempt ?? {};
  return parcel.until(() => parcel.ended || parcel.left || !goesOn(order, parcel) || rests(order), {
    ...newsOf(order, parcel, '**Confirmed**: waits for the carrier to take the parcel.'),
    due: () => Math.min(renewalDue(order), lateAt(parcel)),
    urgent: () => isGone(order),
    // This workflow may have been started long after.
    ...(confirmedAt !== undefined && { waitedMs: Date.now() - Date.parse(confirmedAt) }),
  });
}

/** What will not leave is not sent, if others are or have been. Otherwise the order is called off. */
async function dropIfOthers(order: OrderInProgress, parcel: Parcel): Promise<void> {
  if (!hasOthers(order, parcel)) return;
  const dropped = await order.turns.take(async () => {
    // Another one may have been dropped meanwhile: the last is not, the order is called off with it.
    if (!hasOthers(order, parcel)) return false;
    await dropPieces(order, [parcel]);
    return true;
  });
  if (dropped) giveUpHold(order);
}

/** Whether it stays behind, and other parcels go on without it. */
const hasOthers = (order: OrderInProgress, parcel: Parcel): boolean =>
  staysBehind(order, parcel) && (order.parcels.someLeft || (parcel.gone && order.parcels.all.length > 1));

/** The carrier itself canceled it, or it was not paid for again. */
const staysBehind = ({ hold }: OrderInProgress, parcel: Parcel): boolean =>
  parcel.gone || (hold.lost && !parcel.state.paid);

/** The carrier has the parcel: its money is captured, and its goods have left. */
async function leave(order: OrderInProgress, parcel: Parcel): Promise<void> {
  const { input, history, saga, cancellation } = order;
  const { orderId } = input;
  if (parcel.state.stage !== 'open' || mustRest(order)) return;
  if (cancellation.requested) history.add('cancel', 'failed', { detail: 'the parcel had left' });
  pastReturn(order);
  if (!parcel.state.leaving) history.add('dispatch', 'succeeded');
  parcel.leaves();
  const { parcelId } = refOf(order, parcel);
  const which = parcelId === undefined ? {} : { parcelId };
  const due = await bookkeeping.dispatchOrder({ ...saga.update(), ...which });
  // A parcel that is sent again is paid for.
  if (!parcel.state.paid) await capture(order, which, due);
  parcel.paid();
  await saga.mustHappen('commitStock', (ask) =>
    ask.inventory.commitStock(parcelId === undefined ? { orderId } : { orderId, parcelId, lines: parcel.lines }),
  );
  parcel.followed('dispatched');
}

/** What the carrier says of a parcel on its way. */
async function follow(order: OrderInProgress, parcel: Parcel): Promise<void> {
  const { history, saga } = order;
  if (parcel.ended) return;
  if (parcel.delivered) {
    history.add('deliver', 'succeeded');
    const { parcelId } = refOf(order, parcel);
    const { returnableUntil } = await bookkeeping.deliverOrder({
      ...saga.update(),
      ...(parcelId !== undefined && { parcelId }),
    });
    order.returnableUntil = returnableUntil ?? order.returnableUntil;
    parcel.followed('ended');
    return;
  }
  await tellOfTrouble(order, parcel);
}

/**
 * The order does not go on as it is: it is canceled, it could not be paid again, or the carrier canceled a parcel. Before
 * the first parcel has left the whole order is undone; after that what has not left is not sent. Returns how the order
 * ended, or undefined where it continues.
 */
async function callOff(order: OrderInProgress): Promise<OrderResult | undefined> {
  const { parcels, saga } = order;
  // A change may have put others in the place of what did not go on.
  if (parcels.all.some((parcel) => goesOn(order, parcel))) return undefined;
  if (parcels.someLeft) {
    await dropPieces(
      order,
      parcels.open.filter((parcel) => staysBehind(order, parcel)),
    );
    giveUpHold(order);
    return undefined;
  }
  if (await saga.compensate()) return end(order, 'canceled');
  // The carrier has refused because a parcel has left.
  if (!parcels.someLeft) parcels.all[0]!.moved('dispatched');
  return undefined;
}

/** A parcel of which the carrier has said that it has left needs no waiting for. */
async function leaveAtOnce(order: OrderInProgress): Promise<void> {
  const left = order.parcels.all.filter((parcel) => parcel.left && parcel.state.stage === 'open');
  for (const parcel of left) {
    await order.turns.take(() => leave(order, parcel), { sparesOthers: true }).catch(unlessTriedLongEnough);
  }
}

/** Every parcel has arrived, or is settled in another way: the order is complete once nothing can be returned any more. */
async function complete(order: OrderInProgress): Promise<OrderResult> {
  const { history, saga, returnableUntil } = order;
  if (returnableUntil !== undefined) {
    const windowEnd = new Date(returnableUntil);
    history.now(`**Delivered**: may be returned until ${momentInWords(windowEnd)}; then the order is complete.`);
    const left = () => Math.max(1, windowEnd.getTime() - Date.now());
    const news = () => rests(order) || order.parcels.someFound;
    while (await condition(news, left(), { summary: 'return window' })) {
      await askAboutFound(order);
      if (rests(order)) await beginAgain(order);
    }
  }
  order.phase = 'ended';
  history.add('complete', 'succeeded');
  await bookkeeping.completeOrder(saga.update());
  saga.people.show({ status: 'completed', waitsFor: undefined });
  history.now('**Completed**: paid, delivered, and no longer returnable.');
  return { status: 'completed' };
}

function unlessTriedLongEnough(error: unknown): void {
  if (!(error instanceof TriedLongEnough)) throw error;
}

const standingOf = (parcel: Parcel): string =>
  parcel.failed
    ? `**${parcel.state.status === 'lost' ? 'Lost' : 'Returned to sender'}**: staff must decide about the parcel, \`POST /v1/admin/parcels/${parcel.id}/resolve\` with \`resend\`, \`refund\` or \`wait\`.`
    : '**Dispatched**: waits for the delivery.';

/** When the carrier's promise ends, of a parcel that nobody was told of yet. */
const lateAt = ({ state }: Parcel): number =>
  state.promisedBy !== undefined && state.told !== 'late' && state.promisedBy > Date.now()
    ? state.promisedBy
    : Infinity;

/** How the order waits for its parcel: it says so, and asks the carrier when no news comes. */
const newsOf = (order: OrderInProgress, parcel: Parcel, standing: string) => ({
  waiting: (until: Date) =>
    order.history.now(`${standing} The carrier is asked at ${momentInWords(until)} if it sends no news.`),
  look: async () => {
    await renewIfDue(order);
    await track(order, parcel);
    // Also of a parcel that the carrier has not even taken.
    if (parcel.open && parcel.trouble === 'late') await order.turns.take(() => tellOfTrouble(order, parcel));
  },
});

/** Asks the carrier where the parcel is. It may not respond. */
async function track(order: OrderInProgress, parcel: Parcel): Promise<void> {
  try {
    const { answer } = await forwardServices().shipping.trackShipment(refOf(order, parcel));
    parcel.moved(answer.status);
  } catch (error) {
    order.history.add('dispatch', 'failed', { detail: troubleOf(error).detail });
  }
}
