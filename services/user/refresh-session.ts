import { type Kysely, type Transaction, sql } from 'kysely';
import type { OpenSession } from '../../activities/session.ts';
import type { UserDatabase } from './database.ts';
import { digestOf, newSalt, storeToken, successorOf } from './refresh-tokens.ts';
import { endSessions, isOpen } from './sessions.ts';

/**
 * How long a spent token can be presented again: as long as clients wait for a response that was lost. The session
 * never forks: the response is the same next token, and only while that is unspent. A thief gains at most one refresh.
 * When thief and owner both refresh after that, the second presents a spent token, which ends the session for both.
 */
const GRACE_PERIOD = sql<string>`interval '30 seconds'`;

/** Returns the token's session with the next token; undefined if the token has no open session. */
export async function refreshSession(db: Kysely<UserDatabase>, token: string): Promise<OpenSession | undefined> {
  return db.transaction().execute(async (transaction) => {
    const tokens = transaction.selectFrom('refresh_tokens').where('token_hash', '=', digestOf(token));
    const known = await tokens.select('session_id').executeTakeFirst();
    const session = known && (await lockOpenSession(transaction, known.session_id));
    if (!session) return undefined;
    // Read under the lock: of two concurrent requests, the second finds the token spent.
    const { spent_at, successor_salt, late } = await tokens
      .select(['spent_at', 'successor_salt', sql<boolean>`spent_at < now() - ${GRACE_PERIOD}`.as('late')])
      .executeTakeFirstOrThrow();
    const salt = successor_salt ?? newSalt();
    const refreshToken = successorOf(token, salt);
    if (spent_at === null) await rotate(transaction, { sessionId: session.sessionId, token, salt, refreshToken });
    else if (late || !(await isUnspent(transaction, refreshToken))) {
      await endSessions(transaction, { ids: [session.sessionId], reason: 'token_reused' });
      return undefined;
    }
    return { ...session, refreshToken };
  });
}

async function lockOpenSession(transaction: Transaction<UserDatabase>, sessionId: string) {
  return (
    transaction
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select(['sessions.id as sessionId', 'user_id as userId', 'role'])
      .where('sessions.id', '=', sessionId)
      .where(isOpen)
      // Deactivation has ended the sessions; this holds even if one was missed.
      .where('deactivated_at', 'is', null)
      .forUpdate('sessions')
      .executeTakeFirst()
  );
}

async function rotate(
  transaction: Transaction<UserDatabase>,
  { sessionId, token, salt, refreshToken }: { sessionId: string; token: string; salt: Buffer; refreshToken: string },
): Promise<void> {
  await transaction
    .updateTable('refresh_tokens')
    .set({ spent_at: sql`now()`, successor_salt: salt })
    .where('token_hash', '=', digestOf(token))
    .execute();
  await storeToken(transaction, sessionId, refreshToken);
  await transaction
    .updateTable('sessions')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', sessionId)
    .execute();
}

async function isUnspent(transaction: Transaction<UserDatabase>, token: string): Promise<boolean> {
  const tokens = transaction.selectFrom('refresh_tokens').select('spent_at').where('token_hash', '=', digestOf(token));
  return (await tokens.executeTakeFirst())?.spent_at === null;
}
