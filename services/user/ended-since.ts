import { type Kysely, sql } from 'kysely';
import type { Revocations } from '../../activities/session.ts';
import type { UserDatabase } from './database.ts';

// Far more than end within a second, and small enough for one response.
const LIMIT = 10_000;

/** Returns the sessions that were ended, and the clients and users that are gone, since then, oldest first. */
export async function endedSince(db: Kysely<UserDatabase>, since: string): Promise<Revocations> {
  const from = new Date(since);
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'ended_at'])
    .where('ended_at', '>=', from)
    .unionAll(db.selectFrom('clients').select(['id', 'deleted_at as ended_at']).where('deleted_at', '>=', from))
    // The users of an external issuer have no sessions here.
    .unionAll(db.selectFrom('users').select(['id', 'deactivated_at as ended_at']).where('deactivated_at', '>=', from))
    .orderBy('ended_at')
    .orderBy('id')
    .limit(LIMIT)
    .execute();
  const items = rows.map(({ id, ended_at }) => ({ id, endedAt: ended_at!.toISOString() }));
  const more = items.length === LIMIT;
  return { items, more, asOf: more ? items.at(-1)!.endedAt : await currentTime(db) };
}

/** The database's time, which all replicas share. */
async function currentTime(db: Kysely<UserDatabase>): Promise<string> {
  const { rows } = await sql<{ now: Date }>`select now()`.execute(db);
  return rows[0]!.now.toISOString();
}
