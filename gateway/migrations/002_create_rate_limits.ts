import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Unlogged, because nothing of it is worth a minute of anybody's time: a crash of the server empties it, and
  // counting starts anew. A lease is then one row's update in memory, with no write-ahead log to wait for.
  await sql`
    create unlogged table rate_limits (
      subject text primary key,
      taken integer not null check (taken > 0),
      -- What the last lease came to: the statement that takes one hands it back.
      leased integer not null check (leased >= 0),
      window_ends_at timestamptz not null
    ) with (fillfactor = 50)`.execute(db);
  // What is over is looked for every minute.
  await sql`create index rate_limits_age on rate_limits (window_ends_at)`.execute(db);
}
