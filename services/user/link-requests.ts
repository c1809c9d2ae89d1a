import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import type { LinkRequests, ResetPassword } from '../../activities/mail-link.ts';
import { userRefusal } from '../../activities/user.ts';
import { findByEmail, lockPasswordHash, publishUser, replacePasswordHash, userOf } from './accounts.ts';
import type { LinkPurpose, UserDatabase } from './database.ts';
import { requestClaim } from './guest-claims.ts';
import { forgetAddresses } from './known-addresses.ts';
import { issueLink, openLink, spendLink, userOfLink, withdrawResetLinks } from './mail-links.ts';
import type { Passwords } from './passwords.ts';
import { endOtherSessions } from './sessions.ts';
import { attemptSubject, forgetAttempts } from './sign-in-attempts.ts';

/** Resetting a forgotten password and verifying an e-mail address, by links in mails. */
export const createLinkRequests = (db: Kysely<UserDatabase>, passwords: Passwords): LinkRequests => ({
  async requestPasswordReset({ email }) {
    await db.insertInto('reset_requests').values({ email }).execute();
  },
  resetPassword: (request) => resetPassword({ db, passwords }, request),

  async requestEmailVerification({ userId }) {
    await db.transaction().execute((transaction) => openLinkOf(transaction, userId, 'email_verification'));
  },
  async verifyEmail({ token }) {
    const link = { token, purpose: 'email_verification' } as const;
    await db.transaction().execute(async (transaction) => {
      const userId = await userOfLink(transaction, link);
      await spendLink(transaction, link);
      await markVerified(transaction, userId);
    });
  },
  issueLink: ({ linkId }) => issueLink(db, linkId),
});

/**
 * Looks up the account of the next request to reset a password, and opens a link if there is one; returns whether there
 * was a request. Safe to run in several processes at once.
 */
export const lookUpReset = (db: Kysely<UserDatabase>): Promise<boolean> =>
  db.transaction().execute(async (transaction) => {
    const next = transaction.selectFrom('reset_requests').select('id').orderBy('id').limit(1).forUpdate().skipLocked();
    const request = await transaction
      .deleteFrom('reset_requests')
      .where('id', '=', next)
      .returning('email')
      .executeTakeFirst();
    if (!request) return false;
    const found = await findByEmail(transaction, request.email);
    if (found?.user.active) await openLinkOf(transaction, found.user.id, 'password_reset');
    return true;
  });

async function openLinkOf(transaction: Transaction<UserDatabase>, userId: string, purpose: LinkPurpose): Promise<void> {
  // Locked, so that requests at the same time cannot open more links than one user may have.
  const row = await transaction
    .selectFrom('users')
    .select(['id', 'email', 'email_verified_at'])
    .where('id', '=', z.uuid().safeParse(userId).data ?? null)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw userRefusal('UserNotFound', 'there is no such user');
  if (purpose === 'email_verification' && row.email_verified_at) return;
  await openLink(transaction, { userId: row.id, email: row.email, purpose });
}

async function resetPassword(
  { db, passwords }: { db: Kysely<UserDatabase>; passwords: Passwords },
  { token, password }: ResetPassword,
): Promise<void> {
  const link = { token, purpose: 'password_reset' } as const;
  // First, because guesses of a token must not cost the work of hashing a password.
  const userId = await userOfLink(db, link);
  const to = await passwords.hash(password);
  await db.transaction().execute(async (transaction) => {
    await lockPasswordHash(transaction, userId);
    await spendLink(transaction, link);
    await replacePasswordHash(transaction, { userId, to });
    await endOtherSessions(transaction, { userId, reason: 'password_changed' });
    await withdrawResetLinks(transaction, userId);
    await forgetAddresses(transaction, userId);
    // Somebody who has the link receives mail at the address.
    await markVerified(transaction, userId);
  });
  // Wrong passwords, perhaps of somebody else, must not keep the owner of the new one waiting.
  await forgetAttempts(db, attemptSubject('account', userId));
}

async function markVerified(transaction: Transaction<UserDatabase>, userId: string): Promise<void> {
  const row = await transaction
    .updateTable('users')
    .set({ email_verified_at: sql`now()`, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', userId)
    .where('email_verified_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (!row) return;
  await publishUser(transaction, userOf(row));
  await requestClaim(transaction, userId);
}
