import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMails(db);
  await createInbox(db);
}

async function createMails(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mails (
      -- The id of the event: there is never a second mail for it.
      id uuid primary key,
      template text not null,
      customer_id uuid not null,
      data jsonb not null,
      state text not null
        check (state in ('queued', 'sending', 'sent', 'failed', 'unknown', 'expired', 'skipped')),
      recipient text,
      subject text,
      text text,
      attempts integer not null default 0,
      error text,
      occurred_at timestamptz not null,
      next_attempt_at timestamptz not null default now(),
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      created_at timestamptz not null default date_trunc('milliseconds', now()),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index mails_to_send on mails (next_attempt_at) where state in ('queued', 'sending')`.execute(db);
  await sql`create index mails_by_age on mails (created_at desc, id desc)`.execute(db);
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
