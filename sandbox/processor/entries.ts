import { randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import { type Action, behaviourOf } from './payment-methods.ts';

/** The processor's ledger of money movements. */
export const LEDGER_SCHEMA = `
  create table if not exists ledger (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    type text not null check (type in ('authorization', 'capture', 'void', 'refund')),
    amount_minor integer not null check (amount_minor >= 0),
    currency text not null,
    payment_method text not null,
    idempotency_key text not null unique,
    at text not null,
    -- An order may be held several times. The first hold's id is the order's.
    hold_id text
  ) strict;
  create index if not exists ledger_order on ledger (order_id);
  -- Holds that can no longer be authorized or captured, even if there was nothing to void.
  create table if not exists closed_holds (
    order_id text not null,
    hold_id text not null,
    why text not null check (why in ('voided', 'captured', 'expired')),
    primary key (order_id, hold_id)
  ) strict;
  -- Refunds and captures that were accepted and then failed: no money has moved, so the ledger has no entry.
  create table if not exists failed_refunds (id text primary key) strict;
  create table if not exists failed_captures (id text primary key) strict;`;

/** A hold is placed once and released once, regardless of the Idempotency-Key. */
export const LEDGER_INDEX = `
  create unique index if not exists ledger_once_per_hold on ledger (order_id, hold_id, type)
  where type in ('authorization', 'void')`;

export const ENTRY_COLUMNS = `id, order_id as "orderId", type, amount_minor as "amountMinor", currency,
  idempotency_key as "idempotencyKey", at`;

export interface Entry {
  id: string;
  orderId: string;
  type: Action;
  amountMinor: number;
  currency: string;
  idempotencyKey: string;
  at: string;
}

export interface Amount {
  amountMinor: number;
  currency: string;
}

/** Without `holdId`: the order's first hold. */
export interface HoldRef {
  orderId: string;
  holdId?: string | undefined;
}

/** What the processor knows of a hold. */
export interface Hold {
  orderId: string;
  holdId: string;
  paymentMethod: string | undefined;
  authorization: Entry | undefined;
  release: Entry | undefined;
  captures: number;
  capturedMinor: number;
  refundedMinor: number;
  heldMinor: number;
  closed: 'voided' | 'captured' | 'expired' | undefined;
}

/** The ledger's entries, by hold. */
export class Entries {
  readonly #db: SqliteFile;

  constructor(db: SqliteFile) {
    this.#db = db;
  }

  hold({ orderId, holdId = orderId }: HoldRef): Hold {
    const entries = this.#db.all<Entry & { paymentMethod: string }>(
      `select ${ENTRY_COLUMNS}, payment_method as "paymentMethod" from ledger
       where order_id = ? and hold_id = ? order by sequence`,
      orderId,
      holdId,
    );
    const of = (type: Action) => entries.filter((entry) => entry.type === type);
    const sum = (type: Action) => of(type).reduce((total, { amountMinor }) => total + amountMinor, 0);
    const closed = this.#db.first<{ why: NonNullable<Hold['closed']> }>(
      'select why from closed_holds where order_id = ? and hold_id = ?',
      orderId,
      holdId,
    );
    return {
      orderId,
      holdId,
      paymentMethod: entries[0]?.paymentMethod,
      authorization: withoutMethod(of('authorization')[0]),
      release: withoutMethod(of('void')[0]),
      captures: of('capture').length,
      capturedMinor: sum('capture'),
      refundedMinor: sum('refund'),
      heldMinor: sum('authorization') - sum('capture') - sum('void'),
      closed: closed?.why,
    };
  }

  /** Of the hold that was authorized last. */
  newestHoldId(orderId: string): string | undefined {
    return this.#db.first<{ holdId: string }>(
      `select hold_id as "holdId" from ledger where order_id = ? and type = 'authorization' order by sequence desc limit 1`,
      orderId,
    )?.holdId;
  }

  close({ orderId, holdId }: Pick<Hold, 'orderId' | 'holdId'>, why: NonNullable<Hold['closed']>): void {
    this.#db.run('insert or ignore into closed_holds (order_id, hold_id, why) values (?, ?, ?)', orderId, holdId, why);
  }

  /** Takes a refund or a capture out of the ledger that cannot be paid after all. */
  fail(type: 'refund' | 'capture', id: string): void {
    this.#db.run('delete from ledger where id = ?', id);
    this.#db.run(`insert into failed_${type}s (id) values (?)`, id);
  }

  /** Undefined if the processor does not know the refund or the capture. */
  outcomeOf(type: 'refund' | 'capture', id: string): 'succeeded' | 'failed' | undefined {
    if (this.#db.first(`select 1 from failed_${type}s where id = ?`, id)) return 'failed';
    return this.#db.first(`select 1 from ledger where id = ? and type = ?`, id, type) ? 'succeeded' : undefined;
  }

  /** The bank releases all that is not captured of a hold, also what it seemed to have paid. */
  releaseAll(hold: Hold, key: string): void {
    const { orderId, holdId, paymentMethod, authorization, release, heldMinor: amountMinor } = hold;
    const { currency } = authorization!;
    // A hold is released once.
    if (release)
      this.#db.run('update ledger set amount_minor = amount_minor + ? where id = ?', amountMinor, release.id);
    else this.add('void', { orderId, holdId, paymentMethod: paymentMethod!, key, amountMinor, currency });
    this.#db.run(
      `insert into closed_holds (order_id, hold_id, why) values (?, ?, 'expired')
       on conflict (order_id, hold_id) do update set why = 'expired'`,
      orderId,
      holdId,
    );
  }

  /** Refuses if the payment method is configured to refuse; otherwise adds an entry to the ledger. */
  refuseOrAdd(type: Action, entry: NewEntry): StoredOutcome {
    const refuses = behaviourOf(entry.paymentMethod)?.refuses;
    return refuses?.action === type ? refusal(402, refuses.code, refuses.detail) : this.add(type, entry);
  }

  add(type: Action, { orderId, holdId = orderId, paymentMethod, key, amountMinor, currency }: NewEntry): StoredOutcome {
    const id = `${type}_${randomUUID().replaceAll('-', '')}`;
    const at = new Date().toISOString();
    this.#db.insert('ledger', {
      id,
      order_id: orderId,
      hold_id: holdId,
      type,
      amount_minor: amountMinor,
      currency,
      payment_method: paymentMethod,
      idempotency_key: key,
      at,
    });
    return { status: 201, body: { id, type, orderId, amountMinor, currency, idempotencyKey: key, at } };
  }
}

interface NewEntry extends HoldRef, Amount {
  paymentMethod: string;
  key: string;
}

function withoutMethod(entry: (Entry & { paymentMethod: string }) | undefined): Entry | undefined {
  if (!entry) return undefined;
  const { paymentMethod: _paymentMethod, ...rest } = entry;
  return rest;
}
