import { userRefusal } from '../../activities/user.ts';
import type { Kysely } from 'kysely';
import type { ChangePassword, Wait } from '../../activities/session.ts';
import { lockPasswordHash, replacePasswordHash } from './accounts.ts';
import type { UserDatabase } from './database.ts';
import { forgetAddresses, rememberAddress } from './known-addresses.ts';
import { withdrawResetLinks } from './mail-links.ts';
import type { Passwords } from './passwords.ts';
import { endOtherSessions } from './sessions.ts';
import { attemptSubject, beginAttempt, forgetAttempts } from './sign-in-attempts.ts';

/** Changes the password and ends all the user's other sessions. */
export async function changePassword(
  { db, passwords }: { db: Kysely<UserDatabase>; passwords: Passwords },
  { userId, sessionId, currentPassword, newPassword, address }: ChangePassword,
): Promise<void | Wait> {
  const hash = await lockPasswordHash(db, userId);
  if (hash === undefined) throw userRefusal('UserNotFound', 'there is no such user, or the user has no password');
  // Counted, because a stolen access token must not allow guessing the password here.
  const subject = attemptSubject('change', userId);
  const waitSeconds = await beginAttempt(db, subject);
  if (waitSeconds > 0) return { waitSeconds };
  if (!(await passwords.verify(currentPassword, hash))) throw wrongPassword();
  const to = await passwords.hash(newPassword);
  await db.transaction().execute(async (transaction) => {
    // If another change came first, the password that was verified is no longer the current one.
    if ((await lockPasswordHash(transaction, userId)) !== hash) throw wrongPassword();
    await replacePasswordHash(transaction, { userId, to });
    await endOtherSessions(transaction, { userId, except: sessionId, reason: 'password_changed' });
    await withdrawResetLinks(transaction, userId);
    await forgetAddresses(transaction, userId);
    await rememberAddress(transaction, userId, address);
  });
  await forgetAttempts(db, subject);
}

const wrongPassword = () => userRefusal('WrongPassword', 'this is not your current password');
