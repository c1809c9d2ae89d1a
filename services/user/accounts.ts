import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { withAsciiDomain } from '../../activities/email.ts';
import { type Role, type User, userEvents } from '../../activities/user.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { UserDatabase } from './database.ts';

const writeEvent = createOutboxWriter('user', userEvents);

export interface NewAccount {
  email: string;
  name: string;
  role: Role;
  passwordHash: string;
}

/** Opens an account and publishes `user.created`. Returns undefined if the e-mail address already has an account. */
export async function openAccount(
  transaction: Transaction<UserDatabase>,
  { email, name, role, passwordHash }: NewAccount,
): Promise<User | undefined> {
  const row = await transaction
    .insertInto('users')
    .values({ id: randomUUID(), email, name, role, shipping_address: null })
    .onConflict((conflict) => conflict.expression(sql`lower(email)`).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (!row) return undefined;
  await transaction.insertInto('credentials').values({ user_id: row.id, password_hash: passwordHash }).execute();
  return publishNewUser(transaction, userOf(row), { hasPassword: true });
}

/** Finds a user by e-mail address, ignoring case and the form of the domain, with the password hash. */
export async function findByEmail(
  db: Kysely<UserDatabase>,
  email: string,
): Promise<{ user: User; passwordHash: string } | undefined> {
  // PostgreSQL does not accept NUL, so no user has such an address.
  if (email.includes('\0')) return undefined;
  const row = await db
    .selectFrom('users')
    .innerJoin('credentials', 'credentials.user_id', 'users.id')
    .selectAll('users')
    .select('password_hash')
    .where(sql`lower(email)`, '=', sql`lower(${withAsciiDomain(email)})`)
    .executeTakeFirst();
  return row && { user: userOf(row), passwordHash: row.password_hash };
}

/**
 * Returns the user's password hash, locked until the transaction ends; undefined if there is none. Lock it before
 * opening a session or ending all sessions of a user.
 */
export async function lockPasswordHash(db: Kysely<UserDatabase>, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('credentials')
    .select('password_hash')
    .where('user_id', '=', z.uuid().safeParse(userId).data ?? null)
    .forUpdate()
    .executeTakeFirst();
  return row?.password_hash;
}

/** Replaces the password hash; with `from`, only if that is still the current one. */
export async function replacePasswordHash(
  db: Kysely<UserDatabase>,
  { userId, from, to }: { userId: string; from?: string; to: string },
): Promise<void> {
  let change = db
    .updateTable('credentials')
    .set({ password_hash: to, updated_at: sql`now()` })
    .where('user_id', '=', userId);
  if (from !== undefined) change = change.where('password_hash', '=', from);
  await change.execute();
}

/** Publishes the profile of a new user. */
export async function publishNewUser(
  transaction: Transaction<UserDatabase>,
  user: User,
  { hasPassword }: { hasPassword: boolean },
): Promise<User> {
  const data = { ...profileOf(user), hasPassword };
  await writeEvent(transaction, { type: 'user.created', subject: user.id, data });
  return user;
}

/** Publishes the user's current profile. */
export async function publishUser(transaction: Transaction<UserDatabase>, user: User): Promise<User> {
  await writeEvent(transaction, { type: 'user.updated', subject: user.id, data: profileOf(user) });
  return user;
}

const profileOf = ({ id, email, name, role }: User) => ({ userId: id, email, name, role });

/** Converts a row to the contract's type. */
export const userOf = (row: Selectable<UserDatabase['users']>): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  shippingAddress: row.shipping_address,
  emailVerified: row.email_verified_at !== null,
  active: row.deactivated_at === null,
  version: row.version,
  createdAt: row.created_at.toISOString(),
});
