import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import type { UpdateUser, User, UserRequests } from '../../activities/user.ts';
import { announced, openAccount, userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import { createClientRequests } from './clients.ts';
import { endedSince } from './ended.ts';
import type { Passwords } from './passwords.ts';
import { refresh } from './refreshing.ts';
import { ensureUser } from './external-users.ts';
import { refusal } from './refusal.ts';
import { endOwn, listOpen } from './sessions.ts';
import { changePassword, signIn } from './signing-in.ts';

/** Who people are and how they prove it. */
export async function createUserRequests(db: Kysely<UserDatabase>, passwords: Passwords): Promise<UserRequests> {
  const checking = { db, passwords, nobodysHash: await passwords.hash('nobody') };

  return {
    ...createClientRequests(db),

    async register({ email, password, name }) {
      const passwordHash = await passwords.hash(password);
      const account = { email, name, role: 'customer' as const, passwordHash };
      const user = await db.transaction().execute((transaction) => openAccount(transaction, account));
      if (!user) throw refusal('EmailTaken', 'somebody has signed up with this e-mail address already');
      return user;
    },

    signIn: (request) => signIn(checking, request),
    changePassword: (request) => changePassword(checking, request),
    async refreshSession({ refreshToken }) {
      const session = await refresh(db, refreshToken);
      if (!session) throw refusal('SessionEnded', 'this session has ended, or never was: sign in again');
      return session;
    },
    listSessions: async ({ userId }) => ({ items: isId(userId) ? await listOpen(db, userId) : [] }),
    async endSession({ userId, sessionId }) {
      const ended = isId(userId) && isId(sessionId) && (await endOwn(db, userId, sessionId));
      if (!ended) throw refusal('SessionNotFound', 'you have no such session');
    },
    endedSince: ({ since }) => endedSince(db, since),

    ensureUser: (request) => ensureUser(db, request),
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
