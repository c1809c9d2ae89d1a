import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import type { UpdateUser, User, UserRefusal, UserRequests } from '../../activities/user.ts';
import { Refusal } from '../../platform/refusal.ts';
import { announced, findByEmail, openAccount, replaceHash, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import type { Passwords } from './passwords.ts';

/** Who people are and how they prove it. */
export async function createUserRequests(db: Kysely<UserDatabase>, passwords: Passwords): Promise<UserRequests> {
  // Checked where there is no such user, so that the answer takes as long as one that there is.
  const nobodysHash = await passwords.hash('nobody');

  return {
    async register({ email, password, name }) {
      const passwordHash = await passwords.hash(password);
      const account = { email, name, role: 'customer' as const, passwordHash };
      const user = await db.transaction().execute((transaction) => openAccount(transaction, account));
      if (!user) throw refusal('EmailTaken', 'somebody has signed up with this e-mail address already');
      return user;
    },

    async signIn({ email, password }) {
      const found = await findByEmail(db, email);
      const right = await passwords.verify(password, found?.passwordHash ?? nobodysHash);
      if (!found || !right) throw refusal('BadCredentials', 'e-mail address or password is wrong');
      const { user, passwordHash } = found;
      if (passwords.isWeak(passwordHash)) {
        // Only in the place of the one checked: the password may have been changed meanwhile.
        await replaceHash(db, { userId: user.id, from: passwordHash, to: await passwords.hash(password) });
      }
      return user;
    },

    getUser: ({ userId }) => load(db, userId),
    updateUser: (change) => db.transaction().execute((transaction) => update(transaction, change)),
  };
}

async function load(db: Kysely<UserDatabase>, userId: string): Promise<User> {
  const row = isId(userId)
    ? await db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
    : undefined;
  if (!row) throw refusal('UserNotFound', 'there is no such user');
  return userOf(row);
}

async function update(
  transaction: Transaction<UserDatabase>,
  { userId, name, shippingAddress, expectedVersion }: UpdateUser,
): Promise<User> {
  let change = transaction
    .updateTable('users')
    .set({ version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', isId(userId) ? userId : null)
    .returningAll();
  if (name !== undefined) change = change.set({ name });
  if (shippingAddress) change = change.set({ shipping_address: JSON.stringify(shippingAddress) });
  if (expectedVersion !== undefined) change = change.where('version', '=', expectedVersion);
  const row = await change.executeTakeFirst();
  if (row) return announced(transaction, 'user.updated', userOf(row));
  const current = await load(transaction, userId);
  throw refusal('VersionConflict', `the profile is at version ${current.version}, not ${expectedVersion}`);
}

const isId = (text: string): boolean => z.uuid().safeParse(text).success;

const refusal = (code: UserRefusal, message: string) => new Refusal(code, message);
