import { type Kysely, sql } from 'kysely';
import type { Ended } from '../../activities/session.ts';
import type { UserDatabase } from './database.ts';

// Far more than are ended in a second, and small enough for one answer.
const MOST_AT_ONCE = 10_000;

/** Sessions that were ended and clients that were deleted since then, oldest first. */
export async function endedSince(db: Kysely<UserDatabase>, since: string): Promise<Ended> {
  const from = new Date(since);
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'ended_at'])
    .where('ended_at', '>=', from)
    .unionAll(db.selectFrom('clients').select(['id', 'deleted_at as ended_at']).where('deleted_at', '>=', from))
    .orderBy('ended_at')
    .orderBy('id')
    .limit(MOST_AT_ONCE)
    .execute();
  const items = rows.map(({ id, ended_at }) => ({ id, endedAt: ended_at!.toISOString() }));
  const more = items.length === MOST_AT_ONCE;
  return { items, more, asOf: more ? items.at(-1)!.endedAt : await clock(db) };
}

/** The database's, which all replicas share. */
async function clock(db: Kysely<UserDatabase>): Promise<string> {
  const { rows } = await sql<{ now: Date }>`select now()`.execute(db);
  return rows[0]!.now.toISOString();
}
