import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createPayments(db);
  await createOperations(db);
  await createLedger(db);
  await createOutbox(db);
}

async function createPayments(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table payments (
      -- One payment per order: every step of it locks this row.
      order_id uuid primary key,
      status text not null default 'pending'
        check (status in ('pending', 'authorized', 'declined', 'captured', 'voided')),
      -- A void was requested, possibly before there was anything to void: nothing may be authorized after it.
      undone boolean not null default false,
      amount_minor bigint check (amount_minor between 0 and 999999999999),
      currency text check (currency ~ '^[A-Z]{3}$'),
      payment_method text,
      -- The processor's id of this payment, where the processor does not find it by our keys for ever.
      reference text unique,
      authorized_minor bigint not null default 0 check (authorized_minor >= 0),
      voided_minor bigint not null default 0 check (voided_minor >= 0),
      captured_minor bigint not null default 0 check (captured_minor >= 0),
      refund_reserved_minor bigint not null default 0 check (refund_reserved_minor >= 0),
      refunded_minor bigint not null default 0 check (refunded_minor >= 0),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      -- Only a payment that was voided before it was requested has no terms.
      constraint terms_unless_undone check (num_nulls(amount_minor, currency, payment_method) in (0, 3)
        and (undone or amount_minor is not null)),
      constraint authorized_as_asked check (authorized_minor in (0, amount_minor)),
      -- A held amount is captured or voided, never both, and never more than was held.
      constraint captured_within_authorized check (captured_minor + voided_minor <= authorized_minor),
      -- Holds for concurrent refunds too: each reserves its share before the request to the processor.
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
      -- authorize, void, capture or refund:<refundId>; together with the order it is the idempotency key.
      step text not null check (step ~ '^(authorize|void|capture|refund:[0-9a-f-]{36})$'),
      -- asked: the processor may or may not have done it. done, refused: the processor's response.
      state text not null check (state in ('asked', 'done', 'refused')),
      -- Increases only when a person has a refused step tried again: the processor then gets a new key.
      attempt integer not null default 1 check (attempt >= 1),
      amount_minor bigint not null check (amount_minor >= 0),
      receipt_id text,
      refusal_code text,
      refusal_message text,
      at timestamptz not null default now(),
      primary key (order_id, step),
      -- A refusal is returned on repeats too, so it must have its code.
      constraint refusal_has_code check ((state = 'refused') = (refusal_code is not null))
    )`.execute(db);
}

/**
 * Append-only, double-entry: a row debits one account and credits another by the same amount in the same currency, so
 * that no entry can be out of balance. card_holds and uncaptured_orders are memo accounts: money that the customer's
 * bank holds for us and that is not ours yet.
 */
async function createLedger(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ledger_entries (
      order_id uuid not null references payments,
      -- The step that posted it, as in operations.step: identified by the order and the step, never by the attempt.
      effect text not null,
      debit_account text not null,
      credit_account text not null,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      at timestamptz not null default now(),
      -- An effect is posted once, even if its step runs late or twice.
      primary key (order_id, effect, debit_account),
      -- The chart of accounts, and the only postings between them.
      constraint posting_is_known check ((split_part(effect, ':', 1), debit_account, credit_account) in (
        ('authorize', 'card_holds', 'uncaptured_orders'),
        ('void', 'uncaptured_orders', 'card_holds'),
        ('capture', 'uncaptured_orders', 'card_holds'),
        ('capture', 'processor_receivable', 'sales'),
        ('refund', 'refunds', 'processor_receivable')))
    )`.execute(db);
}

/** The events that this service publishes, written in the transaction of the change. */
async function createOutbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox (
      sequence bigint generated always as identity primary key,
      id uuid not null unique,
      source text not null,
      type text not null,
      subject text not null,
      data jsonb not null,
      traceparent text,
      occurred_at timestamptz not null default clock_timestamp()
    )`.execute(db);
}
