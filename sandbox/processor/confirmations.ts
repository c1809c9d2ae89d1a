import { randomUUID } from 'node:crypto';
import { queueCallback } from '../callbacks.ts';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Amount, HoldRef } from './entries.ts';
import { behaviourOf } from './payment-methods.ts';

/** The holds that their card's holder must confirm, and what the holder did. */
export const CONFIRMATIONS_SCHEMA = `
  create table if not exists hold_confirmations (
    sequence integer primary key,
    order_id text not null,
    hold_id text not null,
    amount_minor integer not null,
    currency text not null,
    payment_method text not null,
    idempotency_key text not null,
    outcome text check (outcome in ('succeeded', 'failed')),
    -- Of the event about the outcome: one that is sent again has the same.
    event_id text not null,
    unique (order_id, hold_id)
  ) strict;`;

export interface Confirmation extends Amount {
  orderId: string;
  holdId: string;
  paymentMethod: string;
  idempotencyKey: string;
  outcome: 'succeeded' | 'failed' | null;
  eventId: string;
}

/** What the processor tells of a hold. */
export interface ProcessorEvent {
  id: string;
  type: string;
  orderId: string;
  holdId: string;
  refundId?: string;
  captureId?: string;
  disputeId?: string;
  at: string;
}

/** The page on which a hold's holder confirms, below the server's address. */
export const confirmationPath = ({ orderId, holdId = orderId }: HoldRef): string =>
  `/payments/${orderId}/confirm${holdId === orderId ? '' : `?holdId=${encodeURIComponent(holdId)}`}`;

/** The holder is to confirm a hold on the page that `pageOf` returns the address of. */
export class Confirmations {
  readonly #db: SqliteFile;
  readonly #pageOf: (hold: HoldRef) => string;
  readonly #told: () => void;

  /** `told` is called after an event was queued. */
  constructor(db: SqliteFile, { pageOf, told }: { pageOf: (hold: HoldRef) => string; told: () => void }) {
    this.#db = db;
    this.#pageOf = pageOf;
    this.#told = told;
  }

  /** Asks the holder, in the transaction that stores this outcome. */
  ask(hold: Omit<Confirmation, 'outcome' | 'eventId'>): StoredOutcome {
    this.#db.insert('hold_confirmations', {
      order_id: hold.orderId,
      hold_id: hold.holdId,
      amount_minor: hold.amountMinor,
      currency: hold.currency,
      payment_method: hold.paymentMethod,
      idempotency_key: hold.idempotencyKey,
      event_id: `evt_${randomUUID().replaceAll('-', '')}`,
    });
    return this.pending(hold);
  }

  pending(hold: HoldRef): StoredOutcome {
    const { orderId, holdId = orderId } = hold;
    const nextAction = { type: 'redirect', url: this.#pageOf(hold) };
    return { status: 202, body: { orderId, holdId, status: 'requires_action', nextAction } };
  }

  /** Without `holdId`: of the order's newest hold that had to be confirmed. */
  find({ orderId, holdId }: HoldRef): Confirmation | undefined {
    return this.#db.first<Confirmation>(
      `select order_id as "orderId", hold_id as "holdId", amount_minor as "amountMinor", currency,
         payment_method as "paymentMethod", idempotency_key as "idempotencyKey", outcome, event_id as "eventId"
       from hold_confirmations where order_id = ? and hold_id = coalesce(?, hold_id) order by sequence desc limit 1`,
      orderId,
      holdId ?? null,
    );
  }

  /** The holder has acted, in the transaction of what follows from it. Sends the event, unless it is sent only on request. */
  decide(hold: Confirmation, outcome: 'succeeded' | 'failed'): void {
    const { orderId, holdId, paymentMethod } = hold;
    this.#db.run(
      'update hold_confirmations set outcome = ? where order_id = ? and hold_id = ?',
      outcome,
      orderId,
      holdId,
    );
    if (behaviourOf(paymentMethod)?.confirmation === 'told at once') this.tell(hold);
  }

  /** Sends the event about what the holder did, again if it was sent before. */
  tell(hold: HoldRef): StoredOutcome {
    const known = this.find(hold);
    if (!known?.outcome) return refusal(409, 'NothingToTell', 'the card’s holder has not acted');
    const { orderId, holdId, eventId: id } = known;
    const type = known.outcome === 'succeeded' ? 'payment.authorized' : 'payment.failed';
    this.send({ id, type, orderId, holdId, at: new Date().toISOString() });
    return { status: 202, body: { id, type, orderId } };
  }

  /** Queues an event about an order, in the caller's transaction. */
  send(event: ProcessorEvent): void {
    queueCallback(this.#db, event.orderId, event);
    this.#told();
  }
}
