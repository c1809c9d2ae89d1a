import { type Kysely, sql } from 'kysely';

/** Resolves when this many connections to the database wait for a lock. */
export async function waitingForLocks<Database>(db: Kysely<Database>, count: number): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
    if (rows.length >= count) return;
    await sql`select pg_sleep(0.01), pg_stat_clear_snapshot()`.execute(db);
  }
}
