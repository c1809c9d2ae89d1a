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
}
