import { type Kysely, type Transaction, sql } from 'kysely';
import type { EnsureUser, User } from '../../activities/user.ts';
import { publishNewUser, publishUser, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';

/** Returns the profile of a user of an external issuer, created at first sign-in. The role is the issuer's. */
export const ensureUser = (db: Kysely<UserDatabase>, person: EnsureUser): Promise<User> =>
  db.transaction().execute(async (transaction) => {
    const known = await findWithRole(transaction, person);
    if (known) return known;
    const created = (await create(transaction, person, person.email)) ?? (await findWithRole(transaction, person));
    // If the e-mail address belongs to another account, the issuer's claim to it gives no access to that account.
    return created ?? (await create(transaction, person, undefined))!;
  });

/** Finds the profile and changes its role if the issuer's is another. */
async function findWithRole(
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
  return publishUser(transaction, userOf(changed));
}

/** Returns undefined if the id or the e-mail address is taken. */
async function create(
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
  return row && publishNewUser(transaction, userOf(row), { hasPassword: false });
}
