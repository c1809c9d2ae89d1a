import type { Kysely } from 'kysely';
import type { ChangePassword, OpenSession, SignIn, Wait } from '../../activities/session.ts';
import type { User } from '../../activities/user.ts';
import { findByEmail, lockHash, replaceHash } from './accounts.ts';
import { beginAttempt, subjectOf, succeeded } from './attempts.ts';
import type { UserDatabase } from './database.ts';
import { forgetAddresses, isKnown, noteAddress } from './known-addresses.ts';
import type { Passwords } from './passwords.ts';
import { refusal } from './refusal.ts';
import { endOthers, openSession } from './sessions.ts';

interface Checking {
  db: Kysely<UserDatabase>;
  passwords: Passwords;
  /** Checked where there is no such user, so that the answer takes as long as one that there is. */
  nobodysHash: string;
}

/** Opens a session for whoever knows the password, unless too many tried who did not. */
export async function signIn(
  { db, passwords, nobodysHash }: Checking,
  { email, password, address, userAgent }: SignIn,
): Promise<OpenSession | Wait> {
  const found = await findByEmail(db, email);
  const subject = await attemptsOn(db, { email, user: found?.user, address });
  const waitSeconds = await beginAttempt(db, subject);
  if (waitSeconds > 0) return { waitSeconds };
  const right = await passwords.verify(password, found?.passwordHash ?? nobodysHash);
  if (!found || !right) throw badCredentials();
  const { user, passwordHash } = found;
  const session = await db.transaction().execute(async (transaction) => {
    // Under the lock: a change of password that came in between has ended every session, and must not miss this one.
    if ((await lockHash(transaction, user.id)) !== passwordHash) throw badCredentials();
    return openSession(transaction, { userId: user.id, role: user.role, userAgent });
  });
  await succeeded(db, subject);
  await noteAddress(db, user.id, address);
  if (passwords.isWeak(passwordHash)) {
    // Only in the place of the one checked: the password may have been changed meanwhile.
    await replaceHash(db, { userId: user.id, from: passwordHash, to: await passwords.hash(password) });
  }
  return session;
}

/**
 * From where somebody has signed in before, attempts are counted apart: a stranger who guesses, and whose guesses
 * make all strangers wait, does not keep the owner out (NIST SP 800-63B section 3.2.2).
 */
async function attemptsOn(
  db: Kysely<UserDatabase>,
  { email, user, address }: { email: string; user: User | undefined; address: string | undefined },
): Promise<Buffer> {
  const known = await isKnown(db, user?.id, address);
  return user && known ? subjectOf('from', user.id, address!) : subjectOf('account', user?.id ?? email.toLowerCase());
}

/** Changes the password and ends the user's other sessions, whoever opened them. */
export async function changePassword(
  { db, passwords }: Checking,
  { userId, sessionId, currentPassword, newPassword, address }: ChangePassword,
): Promise<void | Wait> {
  const hash = await lockHash(db, userId);
  if (hash === undefined) throw refusal('UserNotFound', 'there is no such user, or none with a password');
  // Whoever has a stolen access token must not find the password out here.
  const subject = subjectOf('change', userId);
  const waitSeconds = await beginAttempt(db, subject);
  if (waitSeconds > 0) return { waitSeconds };
  if (!(await passwords.verify(currentPassword, hash))) throw wrongPassword();
  const to = await passwords.hash(newPassword);
  await db.transaction().execute(async (transaction) => {
    // Another change was faster: the password that was checked is not the current one any more.
    if ((await lockHash(transaction, userId)) !== hash) throw wrongPassword();
    await replaceHash(transaction, { userId, to });
    await endOthers(transaction, { userId, except: sessionId });
    await forgetAddresses(transaction, userId);
    await noteAddress(transaction, userId, address);
  });
  await succeeded(db, subject);
}

const badCredentials = () => refusal('BadCredentials', 'e-mail address or password is wrong');
const wrongPassword = () => refusal('WrongPassword', 'this is not your current password');
