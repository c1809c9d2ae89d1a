import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { type Role, type User, userEvents } from '../../activities/user.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { UserDatabase } from './database.ts';

const write = createOutboxWriter('user', userEvents);

export interface NewAccount {
  email: string;
  name: string;
  role: Role;
  passwordHash: string;
}

/** Opens an account and tells the world; undefined where the e-mail has one already. */
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
  return announced(transaction, 'user.created', userOf(row));
}

/** The user of this e-mail, in whatever case, with the hash to check a password against. */
export async function findByEmail(
  db: Kysely<UserDatabase>,
  email: string,
): Promise<{ user: User; passwordHash: string } | undefined> {
  // PostgreSQL cannot hold this character, so nobody has such an address.
  if (email.includes('\0')) return undefined;
  const row = await db
    .selectFrom('users')
    .innerJoin('credentials', 'credentials.user_id', 'users.id')
    .selectAll('users')
    .select('password_hash')
    .where(sql`lower(email)`, '=', sql`lower(${email})`)
    .executeTakeFirst();
  return row && { user: userOf(row), passwordHash: row.password_hash };
}

/**
 * The hash of this user's password, locked for as long as the transaction lasts; undefined where there is none.
 * Whatever opens sessions or ends all of them locks it first.
 */
export async function lockHash(db: Kysely<UserDatabase>, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('credentials')
    .select('password_hash')
    .where('user_id', '=', z.uuid().safeParse(userId).data ?? null)
    .forUpdate()
    .executeTakeFirst();
  return row?.password_hash;
}

/** Puts a hash in the place of another: of whatever there is, or only of `from`. */
export async function replaceHash(
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

/** Tells the world of a user as it is now. */
export async function announced(
  transaction: Transaction<UserDatabase>,
  type: keyof typeof userEvents,
  user: User,
): Promise<User> {
  const { id, email, name, role } = user;
  await write(transaction, { type, subject: id, data: { userId: id, email, name, role } });
  return user;
}

/** A row as the contract has it. */
export const userOf = (row: Selectable<UserDatabase['users']>): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  shippingAddress: row.shipping_address,
  version: row.version,
  createdAt: row.created_at.toISOString(),
});
