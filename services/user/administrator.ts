import { type Kysely, sql } from 'kysely';
import type { User } from '../../activities/user.ts';
import { findByEmail, openAccount, publishUser, replacePasswordHash, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import type { Passwords } from './passwords.ts';
import { endOtherSessions } from './sessions.ts';

/**
 * Makes sure that this user exists, is an active admin and has this password. Safe to repeat and to run in several processes
 * at once. If a customer has signed up with the address, the admin takes over the account: the operator decides.
 */
export async function ensureAdministrator(
  db: Kysely<UserDatabase>,
  passwords: Passwords,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const found = (await findByEmail(db, email)) ?? (await openAdministrator(db, passwords, { email, password }));
  if (!found) return;
  const { user, passwordHash } = found;
  // The password first: nobody may ever be an admin with a password that the operator did not choose.
  if (!(await passwords.verify(password, passwordHash))) {
    const to = await passwords.hash(password);
    await db.transaction().execute(async (transaction) => {
      await replacePasswordHash(transaction, { userId: user.id, to });
      await endOtherSessions(transaction, { userId: user.id, reason: 'password_changed' });
    });
  }
  if (user.role !== 'admin' || !user.active) await promote(db, user);
}

/** Opens the account. Returns it only if another process opened it first: its password then remains to be checked. */
async function openAdministrator(
  db: Kysely<UserDatabase>,
  passwords: Passwords,
  { email, password }: { email: string; password: string },
): Promise<{ user: User; passwordHash: string } | undefined> {
  const account = {
    email,
    name: 'Administrator',
    role: 'admin' as const,
    passwordHash: await passwords.hash(password),
  };
  const opened = await db.transaction().execute((transaction) => openAccount(transaction, account));
  return opened ? undefined : findByEmail(db, email);
}

async function promote(db: Kysely<UserDatabase>, { id }: User): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('users')
      .set({ role: 'admin', deactivated_at: null, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', id)
      .where((where) => where.or([where('role', '<>', 'admin'), where('deactivated_at', 'is not', null)]))
      .returningAll()
      .executeTakeFirst();
    if (row) await publishUser(transaction, userOf(row));
  });
}
