import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createCarts(db);
  await createEffects(db);
  await createOutbox(db);
  await createInbox(db);
}

async function createCarts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table carts (
      customer_id uuid primary key,
      version integer not null default 0,
      -- The limit of an order: a cart with more lines could never be ordered.
      line_count integer not null default 0 check (line_count between 0 and 2000),
      -- The version that the last reminder was about: each version gets one reminder at most.
      reminded_version integer not null default 0
    )`.execute(db);
  await sql`
    create table cart_lines (
      customer_id uuid not null references carts,
      sku text not null,
      quantity integer not null check (quantity between 1 and 100000),
      position bigint not null generated always as identity,
      -- One line per SKU, even if several devices add it at the same time.
      constraint cart_lines_key primary key (customer_id, sku)
    )`.execute(db);
  await sql`
    create table checkouts (
      -- A second safeguard below the key of effects: an order takes its lines from a cart once.
      order_id uuid primary key,
      customer_id uuid not null references carts,
      lines jsonb not null,
      at timestamptz not null default now()
    )`.execute(db);
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

/** The events that this service received from others, and how far it has read each publisher's feed. */
async function createInbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table inbox (
      position bigint generated always as identity primary key,
      -- An event that is delivered twice is stored once, and so handled at most once.
      id uuid not null unique,
      publisher text not null,
      type text not null,
      subject text not null,
      time timestamptz not null,
      traceparent text,
      data jsonb,
      state text not null default 'waiting' check (state in ('waiting', 'done', 'discarded')),
      attempts integer not null default 0,
      last_error text,
      next_attempt_at timestamptz not null default now(),
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      received_at timestamptz not null default date_trunc('milliseconds', now()),
      settled_at timestamptz,
      note text,
      resolved_by text,
      constraint settled_says_when check ((state = 'waiting') = (settled_at is null)),
      constraint waiting_can_be_handled check (state <> 'waiting' or data is not null)
    )`.execute(db);
  // Finds the first waiting event of each subject; runs all the time.
  await sql`create index inbox_waiting on inbox (publisher, subject, position) where state = 'waiting'`.execute(db);
  // Finds what retention deletes.
  await sql`create index inbox_settled on inbox (settled_at) where state <> 'waiting'`.execute(db);
  await sql`
    create table inbox_cursors (
      publisher text primary key,
      cursor text,
      read_at timestamptz not null default now()
    )`.execute(db);
}
