import { type Kysely, sql } from 'kysely';
import type { UserDatabase } from './database.ts';

/**
 * Deletes rows that have no effect any more. Ended sessions are kept longer than their access tokens live (at most a
 * day). Spent refresh tokens are kept as long as a session may be idle: using one again ends the session.
 */
export async function purge(db: Kysely<UserDatabase>): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where(
      sql<boolean>`ended_at < now() - interval '2 days'
        or expires_at < now() - interval '2 days' or last_used_at < now() - interval '16 days'`,
    )
    .execute();
  await db
    .deleteFrom('refresh_tokens')
    .where(sql<boolean>`spent_at < now() - interval '14 days'`)
    .execute();
  await db
    .deleteFrom('sign_in_attempts')
    .where(sql<boolean>`last_at < now() - interval '1 day' and blocked_until < now()`)
    .execute();
  await db
    .deleteFrom('known_addresses')
    .where(sql<boolean>`seen_at < now() - interval '90 days'`)
    .execute();
  await db
    .deleteFrom('mail_links')
    .where(sql<boolean>`expires_at < now()`)
    .execute();
  while (await purgeGuests(db));
}

// A flood of guests is deleted in statements of some 50 ms each.
const GUESTS_AT_ONCE = 5_000;

/** Deletes guests who have not ordered by the time their access tokens have expired; returns whether there may be more. */
async function purgeGuests(db: Kysely<UserDatabase>): Promise<boolean> {
  const old = db
    .selectFrom('guests')
    .select('id')
    .where('ordered_at', 'is', null)
    .where(sql<boolean>`created_at < now() - interval '2 days'`)
    .limit(GUESTS_AT_ONCE);
  const { numDeletedRows } = await db
    .deleteFrom('guests')
    .where('id', 'in', old)
    // One who orders at this moment stays.
    .where('ordered_at', 'is', null)
    .executeTakeFirst();
  return numDeletedRows === BigInt(GUESTS_AT_ONCE);
}
