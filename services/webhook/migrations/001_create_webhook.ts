import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createEndpoints(db);
  await createDeliveries(db);
  await createInbox(db);
}

async function createEndpoints(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table endpoints (
      id uuid primary key,
      customer_id uuid not null,
      url text not null,
      events text[] not null,
      state text not null default 'enabled' check (state in ('enabled', 'disabled')),
      -- Encrypted: a copy of this table cannot sign anything.
      secret bytea not null,
      previous_secret bytea,
      previous_until timestamptz,
      created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      constraint previous_secret_ends check ((previous_secret is null) = (previous_until is null))
    )`.execute(db);
  await sql`create index endpoints_by_customer on endpoints (customer_id)`.execute(db);
}

async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table deliveries (
      id uuid primary key,
      endpoint_id uuid not null references endpoints on delete cascade,
      event_id uuid not null,
      type text not null,
      -- Exactly the bytes that are signed and sent.
      body text not null,
      state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
      round integer not null default 1,
      -- The last round whose workflow was started.
      started_round integer not null default 0,
      next_attempt_at timestamptz,
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      updated_at timestamptz not null default now(),
      -- An event that arrives twice is delivered once.
      constraint deliveries_once unique (endpoint_id, event_id),
      constraint started_in_order check (started_round <= round)
    )`.execute(db);
  await sql`create index deliveries_by_age on deliveries (endpoint_id, created_at desc, id desc)`.execute(db);
  await sql`create index deliveries_to_start on deliveries (updated_at) where started_round < round`.execute(db);
  // Finds what retention deletes.
  await sql`create index deliveries_settled on deliveries (updated_at) where state <> 'pending'`.execute(db);
  // Finds deliveries whose workflow is gone.
  await sql`
    create index deliveries_late on deliveries (next_attempt_at)
    where state = 'pending' and started_round = round`.execute(db);
  await sql`
    create table attempts (
      delivery_id uuid not null references deliveries on delete cascade,
      round integer not null,
      attempt integer not null,
      at timestamptz not null default clock_timestamp(),
      status integer,
      duration_ms integer,
      excerpt text,
      error text,
      -- Inserted before the request is sent: of concurrent or repeated executions of an attempt, one sends it.
      constraint attempts_once primary key (delivery_id, round, attempt)
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
