import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createStock(db);
  await createLedger(db);
  await createEffects(db);
  await createOutbox(db);
}

async function createStock(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table stock (
      sku text primary key,
      on_hand bigint not null,
      reserved bigint not null,
      -- There is no negative stock. Above 2^53 a JavaScript number is no longer exact.
      constraint on_hand_counts check (on_hand between 0 and 9007199254740991),
      constraint reserved_not_negative check (reserved >= 0),
      -- The last defence against overselling: never more reserved than there is.
      constraint not_oversold check (reserved <= on_hand)
    )`.execute(db);
}

/** Append-only; the sums of its deltas are the balances in `stock`. */
async function createLedger(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table stock_ledger (
      id bigint generated always as identity primary key,
      kind text not null,
      subject uuid not null,
      order_id uuid,
      -- A balance cannot be deleted while it has movements.
      sku text not null references stock,
      on_hand_delta bigint not null,
      reserved_delta bigint not null,
      reason text,
      adjusted_by text,
      at timestamptz not null default clock_timestamp(),
      -- A second safeguard below the key of effects: the same goods never move twice for one reason.
      constraint moved_once unique (subject, kind, sku),
      -- Each kind moves goods in one direction only, so that a wrong sign fails instead of balancing.
      constraint kind_has_direction check (case kind
        when 'reserve' then on_hand_delta = 0 and reserved_delta > 0
        when 'release' then on_hand_delta = 0 and reserved_delta < 0
        when 'commit' then on_hand_delta < 0 and reserved_delta = on_hand_delta
        when 'restock' then on_hand_delta > 0 and reserved_delta = 0
        when 'adjust' then reserved_delta = 0
        else false
      end),
      -- Every movement except an adjustment belongs to an order.
      constraint order_unless_adjusted check ((order_id is null) = (kind = 'adjust')),
      -- An adjustment says who made it and why.
      constraint adjustment_is_explained check (
        (kind = 'adjust') = (reason is not null) and (kind = 'adjust') = (adjusted_by is not null))
    )`.execute(db);
  // The ledger is read by order, the balances by SKU.
  await sql`create index stock_ledger_orders on stock_ledger (order_id) where order_id is not null`.execute(db);
  await sql`create index stock_ledger_skus on stock_ledger (sku)`.execute(db);
}

/** What was done, refused or undone for a subject (an order, a return, an adjustment) and a step. */
async function createEffects(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table effects (
      subject uuid not null,
      step text not null,
      state text not null check (state in ('done', 'refused', 'undone')),
      -- The first response, returned on every repeat.
      answer jsonb,
      refusal_code text,
      refusal_message text,
      at timestamptz not null default now(),
      -- The idempotency key: concurrent and late requests for a step are decided here.
      constraint effects_key primary key (subject, step),
      -- A refusal is returned on repeats too, so it must have its code.
      constraint refusal_has_code check (state <> 'refused' or refusal_code is not null)
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
