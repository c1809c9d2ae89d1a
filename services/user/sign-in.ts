import type { Kysely, Transaction } from 'kysely';
import { withAsciiDomain } from '../../activities/email.ts';
import type { OpenSession, SignIn, Wait } from '../../activities/session.ts';
import { type Role, type User, userRefusal } from '../../activities/user.ts';
import { findByEmail, lockPasswordHash, replacePasswordHash } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import { requestClaim } from './guest-claims.ts';
import { isKnownAddress, rememberAddress } from './known-addresses.ts';
import type { Passwords } from './passwords.ts';
import { openSession } from './sessions.ts';
import { attemptSubject, beginAttempt, forgetAttempts } from './sign-in-attempts.ts';

interface SignInOptions {
  db: Kysely<UserDatabase>;
  passwords: Passwords;
  /** Verified if the user does not exist, so that the response takes the same time in both cases. */
  dummyHash: string;
}

/** Opens a session if the password is correct. After too many failed attempts, the response is how long to wait. */
export async function signIn(
  { db, passwords, dummyHash }: SignInOptions,
  { email, password, address, userAgent }: SignIn,
): Promise<OpenSession | Wait> {
  const found = await findByEmail(db, email);
  const subject = await subjectOf(db, { email, user: found?.user, address });
  const waitSeconds = await beginAttempt(db, subject);
  if (waitSeconds > 0) return { waitSeconds };
  const correct = await passwords.verify(password, found?.passwordHash ?? dummyHash);
  // The same answer to a deactivated user as to a wrong password: nobody learns more about an account without access.
  if (!found?.user.active || !correct) throw badCredentials();
  const { user, passwordHash } = found;
  const session = await db.transaction().execute(async (transaction) => {
    // Under the lock: a change of the password or the access has ended every session, and must not miss this one.
    if ((await lockPasswordHash(transaction, user.id)) !== passwordHash) throw badCredentials();
    const role = await activeRole(transaction, user.id);
    if (!role) throw badCredentials();
    await requestClaim(transaction, user.id);
    return openSession(transaction, { userId: user.id, role, userAgent });
  });
  await forgetAttempts(db, subject);
  await rememberAddress(db, user.id, address);
  if (passwords.isWeak(passwordHash)) {
    // Replaces only the hash that was verified: the password may have been changed in the meantime.
    await replacePasswordHash(db, { userId: user.id, from: passwordHash, to: await passwords.hash(password) });
  }
  return session;
}

/**
 * Attempts from an address where the user has signed in before are counted separately. Guesses from elsewhere, which
 * block all other addresses, then do not lock out the owner (NIST SP 800-63B section 3.2.2).
 */
async function subjectOf(
  db: Kysely<UserDatabase>,
  { email, user, address }: { email: string; user: User | undefined; address: string | undefined },
): Promise<Buffer> {
  const known = await isKnownAddress(db, user?.id, address);
  return user && known
    ? attemptSubject('from', user.id, address!)
    : attemptSubject('account', user?.id ?? withAsciiDomain(email).toLowerCase());
}

/** The user's current role; undefined if the account is not active. */
async function activeRole(transaction: Transaction<UserDatabase>, userId: string): Promise<Role | undefined> {
  const row = await transaction
    .selectFrom('users')
    .select('role')
    .where('id', '=', userId)
    .where('deactivated_at', 'is', null)
    .executeTakeFirst();
  return row?.role;
}

const badCredentials = () => userRefusal('BadCredentials', 'e-mail address or password is wrong');
