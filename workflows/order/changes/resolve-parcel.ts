import type { OrderInProgress } from '../order-in-progress.ts';
import { bookkeeping } from '../../saga/bookkeeping.ts';
import { type ResolveParcelRequest, resolveParcelRequest } from '../change-messages.ts';
import type { Parcel } from '../parcel.ts';
import { tellOfTrouble } from '../parcel-trouble.ts';
import { book } from '../rebooking.ts';
import { type Change, refused } from './change.ts';

/** Staff decides about a parcel that is lost or came back. */
export const resolveParcel: Change<ResolveParcelRequest> = {
  parse: resolveParcelRequest,
  description: 'Staff decides about a parcel that is lost or came back: resend, refund or wait.',
  check({ parcels }, { parcelId }) {
    if (parcels.find(parcelId)?.failed) return;
    throw refused('NothingToResolve', 'this parcel is neither lost nor returned to its sender, or staff has decided');
  },
  async carryOut(order, { parcelId, action, note, resolvedBy }) {
    const { history, saga, parcels } = order;
    const parcel = parcels.find(parcelId)!;
    // The decision may have come before the news was recorded.
    await tellOfTrouble(order, parcel);
    history.add('resolveParcel', 'started', { detail: action });
    try {
      if (action !== 'wait') await restock(order, parcel);
      const fresh = action === 'resend' ? await sendAgain(order, parcel) : undefined;
      const { returnableUntil } = await bookkeeping.resolveParcel({
        ...saga.update(),
        parcelId,
        action,
        note,
        resolvedBy,
        ...(fresh && { resentAs: fresh.booked }),
      });
      order.returnableUntil = returnableUntil ?? order.returnableUntil;
      if (action === 'refund') parcel.followed('ended');
      if (fresh) parcels.replace([parcel], [fresh.parcel]);
    } catch (error) {
      history.add('resolveParcel', 'failed');
      throw error;
    }
  },
};

/** What came back to its sender is in the warehouse again. */
async function restock({ input: { orderId }, saga }: OrderInProgress, { id, lines, state }: Parcel): Promise<void> {
  if (state.status !== 'returned_to_sender') return;
  await saga.mustHappen('restockParcel', (ask) => ask.inventory.restockParcel({ orderId, parcelId: id, lines }));
}

/** Reserves the same pieces and books a parcel for them; or does neither, and throws why. */
async function sendAgain(order: OrderInProgress, { lines }: Parcel) {
  const { input, saga, parcels } = order;
  const { orderId } = input;
  const parcel = parcels.expect(lines, { paid: true });
  try {
    await saga.change('reserveParcel', (ask) => ask.inventory.reserveParcel({ orderId, parcelId: parcel.id, lines }));
    const [booked] = await book(order, [parcel], order.shippingAddress);
    return { parcel, booked: booked! };
  } catch (error) {
    // It may have been reserved without an answer.
    await saga.mustUndo('reserveParcel', (ask) => ask.inventory.releaseParcel({ orderId, parcelId: parcel.id }));
    parcels.forget(parcel);
    throw error;
  }
}
