import { type Kysely, type Transaction, sql } from 'kysely';
import type { EnsureUser, User } from '../../activities/user.ts';
import { announced, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';

/** The profile of somebody who signs in at another issuer: opened at first sight, and of the role they have there. */
export const ensureUser = (db: Kysely<UserDatabase>, person: EnsureUser): Promise<User> =>
  db.transaction().execute(async (transaction) => {
    const known = await withRole(transaction, person);
    if (known) return known;
    const opened = (await open(transaction, person, person.email)) ?? (await withRole(transaction, person));
    // Whose e-mail it is here, the other issuer does not decide: nobody gets at another's account by it.
    return opened ?? (await open(transaction, person, undefined))!;
  });

async function withRole(
  transaction: Transaction<UserDatabase>,
  { userId, role }: EnsureUser,
): Promise<User | undefined> {
  const row = await transaction.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst();
  if (!row || row.role === role) return row && userOf(row);
  const changed = await transaction
    .updateTable('users')
    .set({ role, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', userId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return announced(transaction, 'user.updated', userOf(changed));
}

/** Undefined where the id or the e-mail is taken. */
async function open(
  transaction: Transaction<UserDatabase>,
  { userId, name, role }: EnsureUser,
  email = `${userId}@unknown.invalid`,
): Promise<User | undefined> {
  const row = await transaction
    .insertInto('users')
    .values({ id: userId, email, name, role, shipping_address: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row && announced(transaction, 'user.created', userOf(row));
}
