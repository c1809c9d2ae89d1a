import { type Kysely, sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import type { FreshDatabase } from './fresh-database.ts';

const HOUR_MS = 60 * 60 * 1000;

/**
 * A pool to this database in which `now()` stands still, an hour ahead, so that the real times which columns get by
 * default are in the past. `destroy` it before the database is dropped.
 */
export async function withFrozenClock<Database>({ url, ownerUrl }: FreshDatabase<Database>): Promise<Kysely<Database>> {
  const frozen = new URL(url);
  const owner = connect<unknown>(ownerUrl, 1);
  const instant = sql.lit(`select timestamptz '${new Date(Date.now() + HOUR_MS).toISOString()}'`);
  await sql`create schema frozen`.execute(owner);
  await sql`grant usage on schema frozen to ${sql.id(frozen.username)}`.execute(owner);
  for (const clock of ['now', 'clock_timestamp']) {
    const name = sql.id('frozen', clock);
    await sql`create function ${name}() returns timestamptz immutable language sql as ${instant}`.execute(owner);
  }
  await owner.destroy();
  // `pg_catalog` is searched first unless the path names it.
  frozen.searchParams.set('options', '-c search_path=frozen,pg_catalog,public');
  return connect<Database>(frozen.href);
}
