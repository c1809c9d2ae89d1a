import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { type ChangeAccess, type User, userRefusal } from '../../activities/user.ts';
import { lockPasswordHash, publishUser, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import { endOtherSessions } from './sessions.ts';

/** Changes the role, or deactivates or reactivates the account, and ends the user's sessions. */
export const changeAccess = (db: Kysely<UserDatabase>, change: ChangeAccess): Promise<User> =>
  db.transaction().execute(async (transaction) => {
    // One change at a time: two admins who demote each other would otherwise both succeed.
    await sql`select pg_advisory_xact_lock(hashtext('change access'))`.execute(transaction);
    await lockPasswordHash(transaction, change.userId);
    const user = await lockUser(transaction, change);
    const { role = user.role, active = user.active } = change;
    if (role === user.role && active === user.active) return user;
    const losesAdmin = user.role === 'admin' && user.active && (role !== 'admin' || !active);
    if (losesAdmin) await refuseLoss(transaction, change);
    const row = await transaction
      .updateTable('users')
      .set({
        role,
        deactivated_at: active ? null : sql`coalesce(deactivated_at, now())`,
        version: sql`version + 1`,
        updated_at: sql`now()`,
      })
      .where('id', '=', user.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    // Their access tokens name the old role.
    await endOtherSessions(transaction, { userId: user.id, reason: active ? 'role_changed' : 'deactivated' });
    return publishUser(transaction, userOf(row));
  });

async function lockUser(
  transaction: Transaction<UserDatabase>,
  { userId, expectedVersion }: ChangeAccess,
): Promise<User> {
  const row = await transaction
    .selectFrom('users')
    .selectAll()
    .where('id', '=', z.uuid().safeParse(userId).data ?? null)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw userRefusal('UserNotFound', 'there is no such user');
  if (expectedVersion !== undefined && row.version !== expectedVersion) {
    throw userRefusal('VersionConflict', `the account is at version ${row.version}, not ${expectedVersion}`);
  }
  return userOf(row);
}

/** Refuses a change after which nobody could manage users, or that somebody makes to their own account by mistake. */
async function refuseLoss(transaction: Transaction<UserDatabase>, { userId, changedBy }: ChangeAccess): Promise<void> {
  if (userId.toLowerCase() === changedBy.toLowerCase()) {
    throw userRefusal('OwnAccess', 'you cannot take away your own access: another admin can');
  }
  const other = await transaction
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('deactivated_at', 'is', null)
    .where('id', '<>', userId)
    .executeTakeFirst();
  if (!other) throw userRefusal('LastAdmin', 'this is the last active admin: make somebody else an admin first');
}
