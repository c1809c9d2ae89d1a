import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { NewParcel } from '../../activities/parcel.ts';
import type { Booking } from '../../activities/shipping.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { untilSettled } from '../saga/required-step.ts';
import type { StepCall } from '../saga/step-services.ts';
import { troubleOf } from '../saga/trouble.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import type { Parcel } from './parcel.ts';
import { without } from './pieces.ts';

/** The carrier's refusal to cancel a parcel that has left. */
export const TOO_LATE = 'AlreadyDispatched';

/** What becomes of parcels that have not left: others take their place. Pieces that the others lack are not sent at all. */
export interface Rebooking {
  replaced: readonly Parcel[];
  fresh: readonly Parcel[];
  shippingAddress?: ShippingAddress;
}
/** Once the carrier has booked them. */
interface Replacement extends Rebooking {
  booked: NewParcel[];
}

/**
 * Books other parcels, then cancels those that they replace: all or nothing. The carrier decides whether a parcel has left:
 * if it refuses to cancel one, everything is as before. Throws what stopped it.
 */
export async function rebook(order: OrderInProgress, { replaced, fresh, ...more }: Rebooking): Promise<void> {
  const { parcels } = order;
  const booked = await book(order, fresh, more.shippingAddress ?? order.shippingAddress);
  try {
    await unbook(order, replaced);
  } catch (error) {
    await dropBookings(order, fresh);
    throw error;
  }
  await record(order, { replaced, fresh, booked, ...more });
  if (more.shippingAddress) order.shippingAddress = more.shippingAddress;
  parcels.replace(replaced, fresh);
}

/** Books these parcels, all or none. Throws why one could not be booked. */
export async function book(
  order: OrderInProgress,
  fresh: readonly Parcel[],
  address: ShippingAddress,
): Promise<NewParcel[]> {
  const booked: NewParcel[] = [];
  for (const [index, parcel] of fresh.entries()) {
    try {
      const { trackingNumber, promisedBy } = await order.saga.change('bookShipment', bookingOf(order, parcel, address));
      parcel.promised(promisedBy);
      booked.push(newParcel(parcel, { trackingNumber, promisedBy }));
    } catch (error) {
      // One that was not answered may have been booked.
      await dropBookings(order, fresh.slice(0, index + 1));
      for (const other of fresh) order.parcels.forget(other);
      throw error;
    }
  }
  return booked;
}

/**
 * Cancels the bookings of these parcels, all or none: where one has left, those that were canceled before it are booked again.
 * Throws the refusal. `allBut`: the others are canceled all the same after any other refusal than this. `canceled`: is told of each.
 */
async function unbook(
  order: OrderInProgress,
  given: readonly Parcel[],
  { allBut, canceled = [] }: { allBut?: string; canceled?: Parcel[] } = {},
): Promise<void> {
  let refused: { error: unknown } | undefined;
  for (const parcel of given.filter(({ waits }) => !waits)) {
    try {
      await order.saga.undoChange('bookShipment', cancellationOf(order, parcel), { tooLate: TOO_LATE });
      canceled.push(parcel);
    } catch (error) {
      const { refusal } = troubleOf(error);
      if (allBut !== undefined && refusal !== allBut) {
        refused ??= { error };
        continue;
      }
      await bookAgain(order, canceled);
      if (refusal === TOO_LATE) parcel.moved('dispatched');
      throw error;
    }
  }
  if (refused) throw refused.error;
}

/**
 * Cancels the booking of a parcel that must not leave, where nobody waits for the answer. Returns false if it has left; at
 * any other refusal a person has it tried again.
 */
export async function unbookSometime(order: OrderInProgress, parcel: Parcel): Promise<boolean> {
  if (parcel.waits) return true;
  const calls = [cancellationOf(order, parcel)];
  try {
    await untilSettled(order.saga, { step: 'unbookShipment', calls, does: 'undo', unless: TOO_LATE });
    return true;
  } catch (error) {
    if (troubleOf(error).refusal !== TOO_LATE) throw error;
    parcel.moved('dispatched');
    return false;
  }
}

/** The compensation of the booking, of however many parcels the order has by then, and what of it is left after a refusal. */
export function cancelBookings(order: OrderInProgress): { call: StepCall<void>; left: () => StepCall<void>[] } {
  const canceled: Parcel[] = [];
  return {
    async call(ask) {
      const { here } = order.parcels;
      // The usual case: the saga records what comes of it. Also of one that is said to have left: the carrier knows.
      if (here.length === 1 && !here[0]!.waits) return cancellationOf(order, here[0]!)(ask);
      await unbook(order, here, { allBut: TOO_LATE, canceled });
      return { attempt: 1, answer: undefined };
    },
    // By now the money is released: what is canceled must not be booked again, whatever the carrier says of the others.
    left: () =>
      order.parcels.here
        .filter((parcel) => !parcel.waits && !canceled.includes(parcel))
        .map((parcel) => cancellationOf(order, parcel)),
  };
}

/** The parcels as they were, under other numbers. */
async function bookAgain(order: OrderInProgress, replaced: readonly Parcel[]): Promise<void> {
  if (replaced.length === 0) return;
  const fresh = replaced.map(({ lines, state }) => order.parcels.expect(lines, { paid: state.paid }));
  const calls = fresh.map((parcel) => bookingOf(order, parcel, order.shippingAddress));
  const settled = await untilSettled(order.saga, { step: 'rebookShipment', calls, does: 'take' });
  // A person cannot skip it.
  const bookings = (settled as { answers: Booking[] }).answers;
  const booked = fresh.map((parcel, index) => {
    const { trackingNumber, promisedBy } = bookings[index]!;
    parcel.promised(promisedBy);
    return newParcel(parcel, { trackingNumber, promisedBy });
  });
  await record(order, { replaced, fresh, booked });
  order.parcels.replace(replaced, fresh);
}

/** Cancels the bookings of what has not left and is not paid for. The pieces wait. Returns whether any do. */
export async function unbookUntilPaid(order: OrderInProgress): Promise<boolean> {
  const { parcels } = order;
  const replaced: Parcel[] = [];
  for (const parcel of parcels.open.filter(({ waits, state }) => !waits && !state.paid)) {
    if (await unbookSometime(order, parcel)) replaced.push(parcel);
  }
  if (replaced.length === 0) return false;
  const waiting = replaced.map(({ lines }) => parcels.expect(lines, { status: 'waiting' }));
  const booked = waiting.map((parcel) => newParcel(parcel, { trackingNumber: null }));
  await record(order, { replaced, fresh: waiting, booked });
  parcels.replace(replaced, waiting);
  return true;
}

/** Cancels the booking of a parcel whose pieces are not sent. Returns false if it has left. */
export async function unbookForGood(order: OrderInProgress, parcel: Parcel): Promise<boolean> {
  if (!(await unbookSometime(order, parcel))) return false;
  await record(order, { replaced: [parcel], fresh: [], booked: [] });
  order.parcels.replace([parcel], []);
  return true;
}

/** Books what has waited. */
export const bookWaiting = (order: OrderInProgress): Promise<void> =>
  bookAgain(
    order,
    order.parcels.open.filter(({ waits }) => waits),
  );

/** Nobody knows of these parcels yet: their bookings are canceled, and a person is asked where the carrier refuses. */
async function dropBookings(order: OrderInProgress, fresh: readonly Parcel[]): Promise<void> {
  await order.saga.mustUndo('bookShipment', ...fresh.map((parcel) => cancellationOf(order, parcel)));
  for (const parcel of fresh) order.parcels.forget(parcel);
}

/**
 * Records what takes the place of what. Parcels that are paid for and others are recorded apart: what takes the place of one
 * that is paid for is paid for.
 */
async function record(
  order: OrderInProgress,
  { replaced, fresh, booked, shippingAddress }: Replacement,
): Promise<void> {
  for (const paid of [undefined, true] as const) {
    const [before, after] = [replaced, fresh].map((parcels) => parcels.filter(({ state }) => state.paid === paid));
    if (before!.length === 0) continue;
    const ids = after!.map(({ id }) => id);
    const canceledLines = without(piecesOf(before!), piecesOf(after!))!;
    const { returnableUntil } = await bookkeeping.replaceParcels({
      ...order.saga.update(),
      replaced: before!.map(({ id }) => id),
      parcels: booked.filter(({ parcelId }) => ids.includes(parcelId)),
      ...(canceledLines.length > 0 && { canceledLines }),
      ...(shippingAddress && { shippingAddress }),
    });
    order.returnableUntil = returnableUntil ?? order.returnableUntil;
  }
}

const piecesOf = (parcels: readonly Parcel[]): StockLine[] => parcels.flatMap(({ lines }) => lines);

const newParcel = (
  { id, lines }: Parcel,
  { trackingNumber, promisedBy }: { trackingNumber: string | null; promisedBy?: string | undefined },
): NewParcel => ({ parcelId: id, lines, trackingNumber, ...(promisedBy !== undefined && { promisedBy }) });

const bookingOf =
  (order: OrderInProgress, parcel: Parcel, address: ShippingAddress): StepCall<Booking> =>
  (ask) =>
    ask.shipping.bookShipment({ ...refOf(order, parcel), address });

const cancellationOf =
  (order: OrderInProgress, parcel: Parcel): StepCall<void> =>
  (ask) =>
    ask.shipping.cancelShipment(refOf(order, parcel));

/** The first parcel has the order's id. */
export const refOf = (
  { input: { orderId } }: Pick<OrderInProgress, 'input'>,
  { id }: Parcel,
): { orderId: string; parcelId?: string } => (id === orderId ? { orderId } : { orderId, parcelId: id });
