import { type Kysely, sql } from 'kysely';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createPayments(db);
  await createOperations(db);
  await createLedger(db);
  await createOutbox(db);
}

async function createPayments(db: Kysely<unknown>): Promise<void> {
  const minor = (name: string) => sql`${sql.id(name)} bigint not null default 0 check (${sql.id(name)} >= 0)`;
  await sql`
    create table payments (
      -- One payment an order: every step of it queues for this row.
      order_id uuid primary key,
      status text not null default 'pending'
        check (status in ('pending', 'authorized', 'declined', 'captured', 'voided')),
      -- A void was asked for, perhaps before there was anything to undo: from then on nothing may be authorized.
      undone boolean not null default false,
      amount_minor bigint check (amount_minor between 0 and 999999999999),
      currency text check (currency ~ '^[A-Z]{3}$'),
      payment_method text,
      -- What the processor calls this payment, where it does not find it by our keys for ever.
      reference text unique,
      ${minor('authorized_minor')},
      ${minor('voided_minor')},
      ${minor('captured_minor')},
      ${minor('refund_reserved_minor')},
      ${minor('refunded_minor')},
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      -- Only a payment that was undone before it was asked for has no terms.
      constraint terms_unless_undone check (num_nulls(amount_minor, currency, payment_method) in (0, 3)
        and (undone or amount_minor is not null)),
      constraint authorized_as_asked check (authorized_minor in (0, amount_minor)),
      -- What is held is taken or let go, never both, and never more than was held.
      constraint captured_within_authorized check (captured_minor + voided_minor <= authorized_minor),
      -- Also with two refunds at once: each reserves its share before the processor is asked.
      constraint refunded_within_captured check (refunded_minor + refund_reserved_minor <= captured_minor),
      constraint status_as_amounts check (
        (status in ('authorized', 'captured', 'voided') or authorized_minor = 0)
        and (status = 'captured' or captured_minor = 0)
        and (status = 'voided' or voided_minor = 0))
    )`.execute(db);
}

async function createOperations(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table operations (
      order_id uuid not null references payments,
      -- authorize, void, capture or refund:<refundId>; with the order it is the idempotency key.
      step text not null check (step ~ '^(authorize|void|capture|refund:[0-9a-f-]{36})$'),
      -- asked: the processor may or may not have done it. done and refused are its answers.
      state text not null check (state in ('asked', 'done', 'refused')),
      -- Goes up only when a person lets a refused step be asked again: the processor then gets a new key.
      attempt integer not null default 1 check (attempt >= 1),
      amount_minor bigint not null check (amount_minor >= 0),
      receipt_id text,
      refusal_code text,
      refusal_message text,
      at timestamptz not null default now(),
      primary key (order_id, step),
      -- A refusal is an answer too, and must say which.
      constraint refusal_has_code check ((state = 'refused') = (refusal_code is not null))
    )`.execute(db);
}

/**
 * A row debits one account and credits another by one amount in one currency, so that no entry can be out of balance.
 * card_holds and uncaptured_orders are memo accounts: money the customer's bank keeps for us and that is not ours yet.
 */
async function createLedger(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ledger_entries (
      order_id uuid not null references payments,
      -- The step that posted it, as in operations.step: named by the order and the step, never by the attempt.
      effect text not null,
      debit_account text not null,
      credit_account text not null,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      at timestamptz not null default now(),
      -- An effect is posted once, whoever comes late.
      primary key (order_id, effect, debit_account),
      -- The chart of accounts and its only movements.
      constraint posting_is_known check ((split_part(effect, ':', 1), debit_account, credit_account) in (
        ('authorize', 'card_holds', 'uncaptured_orders'),
        ('void', 'uncaptured_orders', 'card_holds'),
        ('capture', 'uncaptured_orders', 'card_holds'),
        ('capture', 'processor_receivable', 'sales'),
        ('refund', 'refunds', 'processor_receivable')))
    )`.execute(db);
}
