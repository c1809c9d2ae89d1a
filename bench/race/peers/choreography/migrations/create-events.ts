import { type Kysely, sql } from 'kysely';

/** The events that a service publishes, as in the platform's services. */
export async function createOutbox(db: Kysely<unknown>): Promise<void> {
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

/** The events that a service received from others, and how far it has read each publisher's feed. */
export async function createInbox(db: Kysely<unknown>): Promise<void> {
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
