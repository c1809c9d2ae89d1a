import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { type UpdateUser, type User, type UserRequests, userRefusal } from '../../activities/user.ts';
import { openAccount, publishUser, userOf } from './accounts.ts';
import { changeAccess } from './change-access.ts';
import { changePassword } from './change-password.ts';
import { createClientRequests } from './clients.ts';
import type { UserDatabase } from './database.ts';
import { endedSince } from './ended-since.ts';
import { ensureUser } from './external-users.ts';
import { createGuestRequests } from './guests.ts';
import { createLinkRequests } from './link-requests.ts';
import { listUsers } from './list-users.ts';
import type { Passwords } from './passwords.ts';
import { refreshSession } from './refresh-session.ts';
import { endOwnSession, listOpenSessions } from './sessions.ts';
import { signIn } from './sign-in.ts';

/** The user service's API: accounts, sessions and API clients. */
export async function createUserRequests(db: Kysely<UserDatabase>, passwords: Passwords): Promise<UserRequests> {
  const dummyHash = await passwords.hash('nobody');

  return {
    ...createClientRequests(db),
    ...createLinkRequests(db, passwords),
    ...createGuestRequests(db),

    async register({ email, password, name }) {
      const passwordHash = await passwords.hash(password);
      const account = { email, name, role: 'customer' as const, passwordHash };
      const user = await db.transaction().execute((transaction) => openAccount(transaction, account));
      if (!user) throw userRefusal('EmailTaken', 'this e-mail address already has an account');
      return user;
    },

    signIn: (request) => signIn({ db, passwords, dummyHash }, request),
    changePassword: (request) => changePassword({ db, passwords }, request),
    async refreshSession({ refreshToken }) {
      const session = await refreshSession(db, refreshToken);
      if (!session) throw userRefusal('SessionEnded', 'this session has ended or does not exist: sign in again');
      return session;
    },
    listSessions: async ({ userId }) => ({ items: isId(userId) ? await listOpenSessions(db, userId) : [] }),
    async endSession({ userId, sessionId }) {
      const ended = isId(userId) && isId(sessionId) && (await endOwnSession(db, userId, sessionId));
      if (!ended) throw userRefusal('SessionNotFound', 'you have no such session');
    },
    endedSince: ({ since }) => endedSince(db, since),

    ensureUser: (request) => ensureUser(db, request),
    getUser: ({ userId }) => load(db, userId),
    listUsers: (request) => listUsers(db, request),
    changeAccess: (change) => changeAccess(db, change),
    updateUser: (change) => db.transaction().execute((transaction) => update(transaction, change)),
  };
}

async function load(db: Kysely<UserDatabase>, userId: string): Promise<User> {
  const row = isId(userId)
    ? await db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
    : undefined;
  if (!row) throw userRefusal('UserNotFound', 'there is no such user');
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
  if (row) return publishUser(transaction, userOf(row));
  const current = await load(transaction, userId);
  throw userRefusal('VersionConflict', `the profile is at version ${current.version}, not ${expectedVersion}`);
}

const isId = (text: string): boolean => z.uuid().safeParse(text).success;
