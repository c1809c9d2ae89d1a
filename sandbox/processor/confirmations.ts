import { randomUUID } from 'node:crypto';
import { queueCallback } from '../callbacks.ts';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Amount } from './ledger.ts';
import { behaviourOf } from './payment-methods.ts';

/** The payments that their card's holder must confirm, and what the holder did. */
export const CONFIRMATIONS_SCHEMA = `
  create table if not exists confirmations (
    order_id text primary key,
    amount_minor integer not null,
    currency text not null,
    payment_method text not null,
    idempotency_key text not null,
    outcome text check (outcome in ('succeeded', 'failed')),
    -- Of the event about the outcome: one that is sent again has the same.
    event_id text not null
  ) strict;`;

export interface Confirmation extends Amount {
  orderId: string;
  paymentMethod: string;
  idempotencyKey: string;
  outcome: 'succeeded' | 'failed' | null;
  eventId: string;
}

/** The holder is to confirm a payment on the page that `pageOf` returns the address of. */
export class Confirmations {
  readonly #db: SqliteFile;
  readonly #pageOf: (orderId: string) => string;
  readonly #told: () => void;

  /** `told` is called after an event was queued. */
  constructor(db: SqliteFile, { pageOf, told }: { pageOf: (orderId: string) => string; told: () => void }) {
    this.#db = db;
    this.#pageOf = pageOf;
    this.#told = told;
  }

  /** Asks the holder, in the transaction that stores this outcome. */
  ask(payment: Omit<Confirmation, 'outcome' | 'eventId'>): StoredOutcome {
    this.#db.insert('confirmations', {
      order_id: payment.orderId,
      amount_minor: payment.amountMinor,
      currency: payment.currency,
      payment_method: payment.paymentMethod,
      idempotency_key: payment.idempotencyKey,
      event_id: `evt_${randomUUID().replaceAll('-', '')}`,
    });
    return this.pending(payment.orderId);
  }

  pending(orderId: string): StoredOutcome {
    const nextAction = { type: 'redirect', url: this.#pageOf(orderId) };
    return { status: 202, body: { orderId, status: 'requires_action', nextAction } };
  }

  find(orderId: string): Confirmation | undefined {
    return this.#db.first<Confirmation>(
      `select order_id as "orderId", amount_minor as "amountMinor", currency, payment_method as "paymentMethod",
         idempotency_key as "idempotencyKey", outcome, event_id as "eventId"
       from confirmations where order_id = ?`,
      orderId,
    );
  }

  /** The holder has acted, in the transaction of what follows from it. Sends the event, unless it is sent only on request. */
  decide({ orderId, paymentMethod }: Confirmation, outcome: 'succeeded' | 'failed'): void {
    this.#db.run('update confirmations set outcome = ? where order_id = ?', outcome, orderId);
    if (behaviourOf(paymentMethod)?.confirmation === 'told at once') this.tell(orderId);
  }

  /** Sends the event about what the holder did, again if it was sent before. */
  tell(orderId: string): StoredOutcome {
    const known = this.find(orderId);
    if (!known?.outcome) return refusal(409, 'NothingToTell', 'the card’s holder has not acted');
    const type = known.outcome === 'succeeded' ? 'payment.authorized' : 'payment.failed';
    queueCallback(this.#db, orderId, { id: known.eventId, type, orderId, at: new Date().toISOString() });
    this.#told();
    return { status: 202, body: { id: known.eventId, type, orderId } };
  }
}
