import { randomBytes, randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import { queueCallback } from '../callbacks.ts';
import { isUndeliverable } from './postal-codes.ts';

/** The carrier's parcels and its ledger. */
export const PARCELS_SCHEMA = `
  create table if not exists parcels (
    tracking_number text primary key,
    -- One parcel per order, regardless of the Idempotency-Key.
    order_id text not null unique,
    address text not null,
    status text not null check (status in ('booked', 'dispatched', 'delivered', 'canceled')),
    moved_at_ms integer not null
  ) strict;
  create index if not exists parcels_to_move on parcels (moved_at_ms) where status in ('booked', 'dispatched');
  -- Orders that can no longer be booked, even if there was nothing to cancel.
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
  postalCode?: string | undefined;
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

const SELECT_PARCEL = 'select tracking_number as "trackingNumber", order_id as "orderId", status from parcels';

/** The carrier's decisions. `book` and `cancel` must be called in the transaction that stores their outcome. */
export class Parcels {
  readonly #db: SqliteFile;
  readonly #changed: () => void;

  /** @param changed called after a parcel was booked or has moved */
  constructor(db: SqliteFile, changed: () => void) {
    this.#db = db;
    this.#changed = changed;
  }

  ofOrder(orderId: string): Parcel[] {
    return this.#db.all<Parcel>(`${SELECT_PARCEL} where order_id = ?`, orderId);
  }

  book({ orderId, address }: { orderId: string; address: Address }, key: string): StoredOutcome {
    if (this.#db.first('select 1 from canceled_orders where order_id = ?', orderId)) {
      return refusal(409, 'Canceled', 'this order was canceled');
    }
    if (this.ofOrder(orderId).length > 0) return refusal(409, 'AlreadyBooked', 'this order already has a parcel');
    if (isUndeliverable(address.postalCode)) {
      return refusal(422, 'AddressUndeliverable', 'there is no delivery to this postal code');
    }
    const trackingNumber = `SB${randomBytes(8).toString('hex').toUpperCase()}`;
    const parcel: Parcel = { trackingNumber, orderId, status: 'booked' };
    const now = new Date();
    this.#db.insert('parcels', {
      tracking_number: trackingNumber,
      order_id: orderId,
      address: JSON.stringify(address),
      status: parcel.status,
      moved_at_ms: now.getTime(),
    });
    this.#addEntry('booking', parcel, { key, now });
    this.#changed();
    return { status: 201, body: { ...parcel } };
  }

  cancel({ orderId }: { orderId: string }, key: string): StoredOutcome {
    const [parcel] = this.ofOrder(orderId);
    if (parcel?.status === 'dispatched' || parcel?.status === 'delivered') {
      return refusal(409, 'AlreadyDispatched', 'this parcel has already been dispatched');
    }
    this.#db.run('insert or ignore into canceled_orders (order_id) values (?)', orderId);
    if (!parcel) return nothingCanceled(orderId, key);
    if (parcel.status === 'canceled') {
      const earlier = `select ${ENTRY_COLUMNS} from ledger where order_id = ? and type = 'cancellation'`;
      return { status: 201, body: { ...this.#db.first<object>(earlier, orderId)! } };
    }
    const now = new Date();
    this.#setStatus(parcel.trackingNumber, 'canceled', now);
    return { status: 201, body: this.#addEntry('cancellation', parcel, { key, now }) };
  }

  /** Moves a parcel one step and queues a callback. */
  advance(trackingNumber: string): StoredOutcome {
    return this.#db.transaction(() => {
      const parcel = this.#db.first<Parcel>(`${SELECT_PARCEL} where tracking_number = ?`, trackingNumber);
      if (!parcel) return refusal(404, 'NotFound', 'this parcel does not exist');
      if (parcel.status === 'delivered' || parcel.status === 'canceled') {
        return refusal(409, 'CannotAdvance', `this parcel is ${parcel.status}`);
      }
      const { status, type } = NEXT[parcel.status];
      const now = new Date();
      this.#setStatus(trackingNumber, status, now);
      const { id, at } = this.#addEntry(type, parcel, { key: null, now });
      queueCallback(this.#db, trackingNumber, { id, trackingNumber, orderId: parcel.orderId, type: status, at });
      this.#changed();
      return { status: 200, body: { ...parcel, status } };
    });
  }

  /** The movable parcel whose last step is longest ago. */
  nextToMove(): { trackingNumber: string; movedAtMs: number } | undefined {
    return this.#db.first<{ trackingNumber: string; movedAtMs: number }>(
      `select tracking_number as "trackingNumber", moved_at_ms as "movedAtMs" from parcels
       where status in ('booked', 'dispatched') order by moved_at_ms limit 1`,
    );
  }

  /** Adds an entry to the ledger and returns it. */
  #addEntry(
    type: EntryType,
    { orderId, trackingNumber }: Parcel,
    { key: idempotencyKey, now = new Date() }: { key: string | null; now?: Date },
  ) {
    const entry = { id: randomUUID(), orderId, type, trackingNumber, idempotencyKey, at: now.toISOString() };
    this.#db.insert('ledger', {
      id: entry.id,
      order_id: orderId,
      type,
      tracking_number: trackingNumber,
      idempotency_key: idempotencyKey,
      at: entry.at,
    });
    return entry;
  }

  #setStatus(trackingNumber: string, status: Parcel['status'], now: Date): void {
    const statement = 'update parcels set status = ?, moved_at_ms = ? where tracking_number = ?';
    this.#db.run(statement, status, now.getTime(), trackingNumber);
  }
}

/** Nothing was booked, so there is no ledger entry; `canceled_orders` prevents a late booking. */
const nothingCanceled = (orderId: string, idempotencyKey: string): StoredOutcome => ({
  status: 201,
  body: { id: null, orderId, type: 'cancellation', trackingNumber: null, idempotencyKey, at: new Date().toISOString() },
});
