import { type Kysely, sql } from 'kysely';
import type { User } from '../../activities/user.ts';
import { announced, findByEmail, openAccount, replaceHash, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import type { Passwords } from './passwords.ts';
import { endOthers } from './sessions.ts';

/**
 * Sees to it that this person can sign in as an admin with this password. Safe to repeat, and to run in several
 * processes at once. Somebody who signed up with the address before loses it: the operator says whose it is.
 */
export async function ensureAdministrator(
  db: Kysely<UserDatabase>,
  passwords: Passwords,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const found = (await findByEmail(db, email)) ?? (await open(db, passwords, { email, password }));
  if (!found) return;
  const { user, passwordHash } = found;
  // The password first: at no moment is somebody an admin with a password that the operator did not choose.
  if (!(await passwords.verify(password, passwordHash))) {
    const to = await passwords.hash(password);
    await db.transaction().execute(async (transaction) => {
      await replaceHash(transaction, { userId: user.id, to });
      await endOthers(transaction, { userId: user.id });
    });
  }
  if (user.role !== 'admin') await promote(db, user);
}

/** Opens the account; where another process was faster, answers what it opened. */
async function open(
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
      .set({ role: 'admin', version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', id)
      .where('role', '<>', 'admin')
      .returningAll()
      .executeTakeFirst();
    if (row) await announced(transaction, 'user.updated', userOf(row));
  });
}
