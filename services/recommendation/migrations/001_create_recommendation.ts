import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createCounts(db);
  await createInbox(db);
}

async function createCounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table learned_orders (
      -- An order counts once, even if its event is delivered again.
      order_id uuid primary key,
      customer_id uuid not null,
      skus text[] not null,
      confirmed_at timestamptz not null
    )`.execute(db);
  await sql`create index learned_orders_of_customer on learned_orders (customer_id, confirmed_at desc)`.execute(db);
  await sql`
    create table item_counts (
      sku text primary key,
      orders integer not null check (orders >= 0)
    )`.execute(db);
  // Its first entries are the best sellers.
  await sql`create index item_counts_by_orders on item_counts (orders desc, sku)`.execute(db);
  await sql`
    create table pair_counts (
      sku text not null,
      other text not null check (other <> sku),
      orders integer not null check (orders >= 0),
      constraint pair_counts_key primary key (sku, other)
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
