import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createIdempotencyRecords(db);
  await createRateLimits(db);
}

async function createIdempotencyRecords(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table idempotency_records (
      caller text not null,
      route text not null,
      key text not null,
      request_hash text not null,
      state text not null check (state in ('running', 'done')),
      holder uuid not null,
      locked_until timestamptz not null,
      status integer,
      -- As text, so that a repeat gets the first response byte for byte; jsonb would reorder its fields.
      headers text,
      body text,
      created_at timestamptz not null default now(),
      -- Decides between concurrent requests with the same key.
      constraint idempotency_records_key primary key (caller, route, key),
      constraint done_has_answer check (state <> 'done' or (status is not null and headers is not null))
    )`.execute(db);
  // An hourly job deletes old records.
  await sql`create index idempotency_records_age on idempotency_records (created_at)`.execute(db);
}

/**
 * Unlogged: a lease is then one update in memory that waits for no write-ahead log. A crash of the server empties the
 * table and counting starts again, which costs a minute at most.
 */
async function createRateLimits(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table rate_limits (
      subject text primary key,
      taken integer not null check (taken > 0),
      -- The size of the last lease: the statement that takes a lease returns it.
      leased integer not null check (leased >= 0),
      window_ends_at timestamptz not null
    ) with (fillfactor = 50)`.execute(db);
  // A job deletes ended windows every minute.
  await sql`create index rate_limits_age on rate_limits (window_ends_at)`.execute(db);
}
