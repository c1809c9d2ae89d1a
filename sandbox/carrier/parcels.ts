import { randomBytes, randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import { queueCallback } from '../callbacks.ts';
import { ENTRY_COLUMNS } from './tables.ts';
import { isUndeliverable } from './postal-codes.ts';

export interface Address {
  name: string;
  line1: string;
  line2?: string | undefined;
  city: string;
  postalCode?: string | undefined;
  country: string;
}

type Status = 'booked' | 'dispatched' | 'delayed' | 'lost' | 'returned_to_sender' | 'delivered' | 'canceled';

export interface Parcel {
  trackingNumber: string;
  orderId: string;
  parcelId: string;
  status: Status;
  /** When it will have been delivered by. Null if it was booked before there were promises. */
  promisedBy: string | null;
}

/** A parcel by its id. Without one it is the order's first, whose id is the order's. */
export interface ParcelRef {
  orderId: string;
  parcelId?: string | undefined;
}

type EntryType = 'booking' | 'cancellation' | 'dispatch' | 'delivery' | 'return';

/** Where a parcel can be moved that does not go its usual way. */
export const DETOURS = ['delayed', 'lost', 'returned_to_sender'] as const;
export type Detour = (typeof DETOURS)[number];

/** The usual way. A parcel that is late or was lost can still arrive. */
const NEXT: Partial<Record<Status, Status>> = {
  booked: 'dispatched',
  dispatched: 'delivered',
  delayed: 'delivered',
  lost: 'delivered',
};

/** Where each detour can begin; from `booked` the parcel is dispatched first. */
const BEGINS: Readonly<Record<Detour, readonly Status[]>> = {
  delayed: ['dispatched'],
  lost: ['dispatched', 'delayed'],
  returned_to_sender: ['dispatched', 'delayed', 'lost'],
};

/** The ledger has goods that change hands: not where they are in between. */
const ENTRIES: Partial<Record<Status, EntryType>> = {
  dispatched: 'dispatch',
  delivered: 'delivery',
  returned_to_sender: 'return',
};

const DAY_MS = 24 * 60 * 60 * 1000;

const SELECT_PARCEL = `select tracking_number as "trackingNumber", order_id as "orderId", parcel_id as "parcelId",
  status, promised_by as "promisedBy" from parcels`;

/** The carrier's decisions. `book` and `cancel` must be called in the transaction that stores their outcome. */
export class Parcels {
  readonly #db: SqliteFile;
  readonly #promiseMs: number;
  readonly #changed: () => void;

  /** @param changed called after a parcel was booked or has moved */
  constructor(db: SqliteFile, { promiseDays, changed }: { promiseDays: number; changed: () => void }) {
    this.#db = db;
    this.#promiseMs = promiseDays * DAY_MS;
    this.#changed = changed;
  }

  /** The parcels of an order, in the order of their bookings. */
  ofOrder(orderId: string): Parcel[] {
    return this.#db.all<Parcel>(`${SELECT_PARCEL} where order_id = ? order by rowid`, orderId);
  }

  book({ orderId, parcelId = orderId, address }: ParcelRef & { address: Address }, key: string): StoredOutcome {
    if (this.#db.first('select 1 from canceled_parcels where order_id = ? and parcel_id = ?', orderId, parcelId)) {
      return refusal(409, 'Canceled', 'this parcel was canceled');
    }
    if (this.#find(orderId, parcelId)) return refusal(409, 'AlreadyBooked', 'this parcel is already booked');
    if (isUndeliverable(address.postalCode)) {
      return refusal(422, 'AddressUndeliverable', 'there is no delivery to this postal code');
    }
    const now = new Date();
    const parcel: Parcel = {
      trackingNumber: `SB${randomBytes(8).toString('hex').toUpperCase()}`,
      orderId,
      parcelId,
      status: 'booked',
      promisedBy: new Date(now.getTime() + this.#promiseMs).toISOString(),
    };
    this.#db.insert('parcels', {
      tracking_number: parcel.trackingNumber,
      order_id: orderId,
      parcel_id: parcelId,
      address: JSON.stringify(address),
      status: parcel.status,
      promised_by: parcel.promisedBy,
      moved_at_ms: now.getTime(),
    });
    this.#addEntry('booking', parcel, { key, now });
    this.#changed();
    return { status: 201, body: { ...parcel } };
  }

  cancel({ orderId, parcelId = orderId }: ParcelRef, key: string): StoredOutcome {
    const parcel = this.#find(orderId, parcelId);
    if (parcel && parcel.status !== 'booked' && parcel.status !== 'canceled') {
      return refusal(409, 'AlreadyDispatched', 'this parcel has already been dispatched');
    }
    this.#db.run('insert or ignore into canceled_parcels (order_id, parcel_id) values (?, ?)', orderId, parcelId);
    if (!parcel) return nothingCanceled(orderId, key);
    if (parcel.status === 'canceled') {
      const earlier = `select ${ENTRY_COLUMNS} from ledger where tracking_number = ? and type = 'cancellation'`;
      return { status: 201, body: { ...this.#db.first<object>(earlier, parcel.trackingNumber)! } };
    }
    const now = new Date();
    this.#setStatus(parcel.trackingNumber, 'canceled', now);
    return { status: 201, body: this.#addEntry('cancellation', parcel, { key, now }) };
  }

  /** Moves a parcel one step on its usual way, or `to` somewhere else. Queues a callback for each step. */
  advance(trackingNumber: string, to?: Detour): StoredOutcome {
    return this.#db.transaction(() => {
      const parcel = this.#db.first<Parcel>(`${SELECT_PARCEL} where tracking_number = ?`, trackingNumber);
      if (!parcel) return refusal(404, 'NotFound', 'this parcel does not exist');
      const steps = stepsOf(parcel.status, to);
      if (steps.length === 0) return refusal(409, 'CannotAdvance', `this parcel is ${parcel.status}`);
      const now = new Date();
      for (const status of steps) this.#move(parcel, status, now);
      this.#changed();
      return { status: 200, body: { ...parcel, status: steps.at(-1)! } };
    });
  }

  #move(parcel: Parcel, status: Status, now: Date): void {
    const { trackingNumber, orderId } = parcel;
    this.#setStatus(trackingNumber, status, now);
    const type = ENTRIES[status];
    const { id, at } = type
      ? this.#addEntry(type, parcel, { key: null, now })
      : { id: randomUUID(), at: now.toISOString() };
    queueCallback(this.#db, trackingNumber, { id, trackingNumber, orderId, type: status, at });
  }

  #find(orderId: string, parcelId: string): Parcel | undefined {
    return this.#db.first<Parcel>(`${SELECT_PARCEL} where order_id = ? and parcel_id = ?`, orderId, parcelId);
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

  #setStatus(trackingNumber: string, status: Status, now: Date): void {
    const statement = 'update parcels set status = ?, moved_at_ms = ? where tracking_number = ?';
    this.#db.run(statement, status, now.getTime(), trackingNumber);
  }
}

/** The steps of a parcel with this status, on its usual way or `to` somewhere else. None: it does not get there. */
function stepsOf(status: Status, to?: Detour): Status[] {
  if (!to) return NEXT[status] ? [NEXT[status]] : [];
  if (status === 'booked') return ['dispatched', to];
  return BEGINS[to].includes(status) ? [to] : [];
}

/** Nothing was booked, so there is no ledger entry; `canceled_parcels` prevents a late booking. */
const nothingCanceled = (orderId: string, idempotencyKey: string): StoredOutcome => ({
  status: 201,
  body: { id: null, orderId, type: 'cancellation', trackingNumber: null, idempotencyKey, at: new Date().toISOString() },
});
