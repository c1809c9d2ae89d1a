import { randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Hold } from './entries.ts';
import { shownCardOf } from './payment-methods.ts';

/** The customers, and the payment methods that were saved for them. */
export const CUSTOMERS_SCHEMA = `
  create table if not exists customers (id text primary key) strict;
  create table if not exists saved_methods (
    id text primary key,
    customer text not null references customers,
    -- The test card that it stands for.
    card text not null,
    -- The hold that it is saved with. Nobody is told its id before that is placed.
    order_id text not null,
    hold_id text not null,
    detached integer not null default 0 check (detached in (0, 1)),
    unique (order_id, hold_id)
  ) strict;`;

interface SavedMethod {
  id: string;
  customer: string;
  card: string;
  detached: number;
}

type HoldId = Pick<Hold, 'orderId' | 'holdId'>;

/** A test card can be charged by anybody; what it was saved as only by its customer, until it is detached. */
export class Customers {
  readonly #db: SqliteFile;

  constructor(db: SqliteFile) {
    this.#db = db;
  }

  add(): StoredOutcome {
    const id = `cus_${randomUUID().replaceAll('-', '')}`;
    this.#db.insert('customers', { id });
    return { status: 201, body: { id } };
  }

  knows(customer: string): boolean {
    return this.#db.first('select 1 from customers where id = ?', customer) !== undefined;
  }

  find(id: string): SavedMethod | undefined {
    return this.#db.first<SavedMethod>(`select ${COLUMNS} from saved_methods where id = ?`, id);
  }

  /** Saves the test card for the customer once the hold is placed, in the caller's transaction. */
  save({ orderId, holdId }: HoldId, { customer, card }: Pick<SavedMethod, 'customer' | 'card'>): void {
    const id = `pm_saved_${randomUUID().replaceAll('-', '')}`;
    this.#db.insert('saved_methods', { id, customer, card, order_id: orderId, hold_id: holdId });
  }

  /** What was saved with a hold that is placed, as its caller may show it. */
  savedWith({ orderId, holdId }: HoldId): Record<string, unknown> | undefined {
    const saved = this.#db.first<SavedMethod>(
      `select ${COLUMNS} from saved_methods where order_id = ? and hold_id = ?`,
      orderId,
      holdId,
    );
    return saved && { paymentMethod: saved.id, ...shownCardOf(saved.card) };
  }

  /** A repeat changes nothing. */
  detach(id: string): StoredOutcome {
    if (!this.find(id)) return refusal(404, 'NotFound', 'the processor does not know this payment method');
    this.#db.run('update saved_methods set detached = 1 where id = ?', id);
    return { status: 200, body: { id, customer: null } };
  }
}

const COLUMNS = 'id, customer, card, detached';
