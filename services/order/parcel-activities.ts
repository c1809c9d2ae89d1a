import type { Kysely } from 'kysely';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderSettings } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { windowOf } from './fulfillment-activities.ts';
import { changeParcels } from './parcel-changes.ts';
import { decideAboutParcel } from './parcel-decisions.ts';
import { replace } from './parcel-replacement.ts';
import { noteTrouble } from './parcel-troubles.ts';

/** Parcels that are replaced, do not arrive as they should, or about which staff decides. */
export const createParcelActivities = (
  db: Kysely<OrderDatabase>,
  settings: OrderSettings,
): Pick<OrderActivities, 'replaceParcels' | 'noteParcel' | 'resolveParcel'> => ({
  async replaceParcels({ replaced, parcels, shippingAddress, canceledLines, ...note }) {
    const after = await changeParcels(db, {
      settings,
      note,
      change: (work, order) => replace(work, order, { replaced, parcels, shippingAddress, canceledLines }),
    });
    return windowOf(after);
  },

  async noteParcel({ parcelId, trouble, ...note }) {
    await changeParcels(db, {
      settings,
      note,
      change: (work, order) => noteTrouble(work, order, { parcelId, trouble }),
    });
  },

  async resolveParcel({ parcelId, action, note: reason, resolvedBy, resentAs, ...note }) {
    const order = await changeParcels(db, {
      settings,
      note,
      change: (work, before) =>
        decideAboutParcel(work, before, { parcelId, action, note: reason, resolvedBy, resentAs }),
    });
    return windowOf(order);
  },
});
