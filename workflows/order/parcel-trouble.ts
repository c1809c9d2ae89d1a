import { bookkeeping } from '../saga/bookkeeping.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import type { Parcel } from './parcel.ts';

/** Records what has happened to a parcel on its way, so that its customer and staff learn it. */
export async function tellOfTrouble({ history, saga }: OrderInProgress, parcel: Parcel): Promise<void> {
  const { trouble } = parcel;
  if (!trouble) return;
  history.add('parcelTrouble', 'started', { detail: trouble });
  await bookkeeping.noteParcel({ ...saga.update(), parcelId: parcel.id, trouble });
  parcel.told(trouble);
}

/** A parcel that was refunded or sent again has turned up: the customer has the goods twice, or both goods and money. */
export async function askAboutFound({ parcels, saga, history }: OrderInProgress): Promise<void> {
  for (const { id, state } of parcels.takeFound()) {
    const detail = `parcel ${id}, which was refunded or sent again, is ${state.status.replaceAll('_', ' ')}`;
    history.add('parcelTrouble', 'started', { detail });
    await saga.askPerson('parcelTrouble', { detail });
  }
}
