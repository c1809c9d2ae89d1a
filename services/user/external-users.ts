import { type Kysely, type Transaction, sql } from 'kysely';
import type { EnsureUser, User } from '../../activities/user.ts';
import { publishNewUser, publishUser, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import { requestClaim } from './guest-claims.ts';

/** Returns the profile of a user of an external issuer, created at first sign-in. The role is the issuer's. */
export const ensureUser = (db: Kysely<UserDatabase>, person: EnsureUser): Promise<User> =>
  db.transaction().execute(async (transaction) => {
    const user = await findOrCreate(transaction, person);
    await requestClaim(transaction, user.id);
    return user;
  });

async function findOrCreate(transaction: Transaction<UserDatabase>, person: EnsureUser): Promise<User> {
  const known = await findWithRole(transaction, person);
  if (known) return known;
  const created = (await create(transaction, person, person.email)) ?? (await findWithRole(transaction, person));
  // If the e-mail address belongs to another account, the issuer's claim to it gives no access to that account.
  return created ?? (await create(transaction, person, undefined))!;
}

/** Finds the profile, with the issuer's role and, if it has none yet, the issuer's e-mail address. */
async function findWithRole(
  transaction: Transaction<UserDatabase>,
  { userId, role, email }: EnsureUser,
): Promise<User | undefined> {
  const row = await transaction.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst();
  if (!row) return undefined;
  const address =
    row.email === unknownAddress(userId) && email && (await isFree(transaction, email)) ? email : row.email;
  if (row.role === role && row.email === address) return userOf(row);
  const changed = await transaction
    .updateTable('users')
    .set({
      role,
      email: address,
      // The issuer has verified it.
      ...(address !== row.email && { email_verified_at: sql`now()` }),
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where('id', '=', userId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return publishUser(transaction, userOf(changed));
}

/** Whether no account has this address. Another one may take it at the same time: the unique index then decides. */
const isFree = async (transaction: Transaction<UserDatabase>, email: string): Promise<boolean> =>
  !(await transaction
    .selectFrom('users')
    .select('id')
    .where(sql`lower(email)`, '=', sql`lower(${email})`)
    .executeTakeFirst());

/** Returns undefined if the id or the e-mail address is taken. */
async function create(
  transaction: Transaction<UserDatabase>,
  { userId, name, role }: EnsureUser,
  email: string | undefined,
): Promise<User | undefined> {
  const row = await transaction
    .insertInto('users')
    .values({
      id: userId,
      email: email ?? unknownAddress(userId),
      // The issuer has verified it.
      email_verified_at: email === undefined ? null : sql`now()`,
      name,
      role,
      shipping_address: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row && publishNewUser(transaction, userOf(row), { hasPassword: false });
}

const unknownAddress = (userId: string): string => `${userId}@unknown.invalid`;
