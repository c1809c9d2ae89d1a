import { randomBytes, randomUUID } from 'node:crypto';
import { type Outcome, refusal } from '../outcomes.ts';
import type { Books } from '../sqlite.ts';
import { noteCallback } from './callbacks.ts';

/** The carrier's parcels, and the ledger of what happened to them. */
export const PARCELS_SCHEMA = `
  create table if not exists parcels (
    tracking_number text primary key,
    -- However many keys it is asked under: one order, one parcel.
    order_id text not null unique,
    address text not null,
    status text not null check (status in ('booked', 'dispatched', 'delivered', 'canceled')),
    moved_at_ms integer not null
  ) strict;
  create index if not exists parcels_to_move on parcels (moved_at_ms) where status in ('booked', 'dispatched');
  -- Orders that may not be booked any more, also where nothing was there to cancel.
  create table if not exists canceled_orders (order_id text primary key) strict;
  create table if not exists ledger (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    type text not null check (type in ('booking', 'cancellation', 'dispatch', 'delivery')),
    tracking_number text not null references parcels,
    idempotency_key text,
    at text not null,
    unique (order_id, type)
  ) strict;`;

export const ENTRY_COLUMNS = `id, order_id as "orderId", type, tracking_number as "trackingNumber",
  idempotency_key as "idempotencyKey", at`;

export interface Address {
  name: string;
  line1: string;
  line2?: string | undefined;
  city: string;
  postalCode: string;
  country: string;
}

export interface Parcel {
  trackingNumber: string;
  orderId: string;
  status: 'booked' | 'dispatched' | 'delivered' | 'canceled';
}

type EntryType = 'booking' | 'cancellation' | 'dispatch' | 'delivery';

const NEXT = {
  booked: { status: 'dispatched', type: 'dispatch' },
  dispatched: { status: 'delivered', type: 'delivery' },
} as const;

const UNDELIVERABLE = '00000';

/** The carrier's decisions, each inside one transaction. `changed` is called after a parcel was booked or has moved. */
export function createParcels(books: Books, changed: () => void) {
  const PARCEL = 'select tracking_number as "trackingNumber", order_id as "orderId", status from parcels';
  const ofOrder = (orderId: string) => books.all<Parcel>(`${PARCEL} where order_id = ?`, orderId);

  /** Writes the ledger; gives the entry back. */
  function enter(
    type: EntryType,
    { orderId, trackingNumber }: Parcel,
    { key: idempotencyKey, now = new Date() }: { key: string | null; now?: Date },
  ) {
    const entry = { id: randomUUID(), orderId, type, trackingNumber, idempotencyKey, at: now.toISOString() };
    books.insert('ledger', {
      id: entry.id,
      order_id: orderId,
      type,
      tracking_number: trackingNumber,
      idempotency_key: idempotencyKey,
      at: entry.at,
    });
    return entry;
  }

  const setStatus = (trackingNumber: string, status: Parcel['status'], now: Date) =>
    books.run(
      'update parcels set status = ?, moved_at_ms = ? where tracking_number = ?',
      status,
      now.getTime(),
      trackingNumber,
    );

  return {
    ofOrder,

    book({ orderId, address }: { orderId: string; address: Address }, key: string): Outcome {
      if (books.first('select 1 from canceled_orders where order_id = ?', orderId)) {
        return refusal(409, 'Canceled', 'this order was canceled');
      }
      if (ofOrder(orderId).length > 0) return refusal(409, 'AlreadyBooked', 'this order has its parcel');
      if (address.postalCode === UNDELIVERABLE) {
        return refusal(422, 'AddressUndeliverable', 'nobody delivers to this postal code');
      }
      const trackingNumber = `SB${randomBytes(8).toString('hex').toUpperCase()}`;
      const parcel: Parcel = { trackingNumber, orderId, status: 'booked' };
      const now = new Date();
      books.insert('parcels', {
        tracking_number: trackingNumber,
        order_id: orderId,
        address: JSON.stringify(address),
        status: parcel.status,
        moved_at_ms: now.getTime(),
      });
      enter('booking', parcel, { key, now });
      changed();
      return { status: 201, body: { ...parcel } };
    },

    cancel({ orderId }: { orderId: string }, key: string): Outcome {
      const [parcel] = ofOrder(orderId);
      if (parcel?.status === 'dispatched' || parcel?.status === 'delivered') {
        return refusal(409, 'AlreadyDispatched', 'this parcel has left');
      }
      books.run('insert or ignore into canceled_orders (order_id) values (?)', orderId);
      if (!parcel) return nothingCanceled(orderId, key);
      if (parcel.status === 'canceled') {
        const earlier = `select ${ENTRY_COLUMNS} from ledger where order_id = ? and type = 'cancellation'`;
        return { status: 201, body: { ...books.first<object>(earlier, orderId)! } };
      }
      const now = new Date();
      setStatus(parcel.trackingNumber, 'canceled', now);
      return { status: 201, body: enter('cancellation', parcel, { key, now }) };
    },

    /** One step on, with the news of it. */
    advance(trackingNumber: string): Outcome {
      return books.transaction(() => {
        const parcel = books.first<Parcel>(`${PARCEL} where tracking_number = ?`, trackingNumber);
        if (!parcel) return refusal(404, 'NotFound', 'no such parcel');
        if (parcel.status === 'delivered' || parcel.status === 'canceled') {
          return refusal(409, 'CannotAdvance', `this parcel is ${parcel.status}`);
        }
        const { status, type } = NEXT[parcel.status];
        const now = new Date();
        setStatus(trackingNumber, status, now);
        const { id, at } = enter(type, parcel, { key: null, now });
        noteCallback(books, trackingNumber, { id, trackingNumber, orderId: parcel.orderId, type: status, at });
        changed();
        return { status: 200, body: { ...parcel, status } };
      });
    },

    /** The parcel that has stood still longest, of those that may move. */
    nextToMove: () =>
      books.first<{ trackingNumber: string; movedAtMs: number }>(
        `select tracking_number as "trackingNumber", moved_at_ms as "movedAtMs" from parcels
         where status in ('booked', 'dispatched') order by moved_at_ms limit 1`,
      ),
  };
}

export type Parcels = ReturnType<typeof createParcels>;

/** Nothing was booked: no entry, but the mark keeps a late booking out. */
const nothingCanceled = (orderId: string, idempotencyKey: string): Outcome => ({
  status: 201,
  body: { id: null, orderId, type: 'cancellation', trackingNumber: null, idempotencyKey, at: new Date().toISOString() },
});
