import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { OpenSession, SessionView } from '../../activities/session.ts';
import type { Role } from '../../activities/user.ts';
import type { EndReason, UserDatabase } from './database.ts';
import { newSecret, storeToken } from './refresh-tokens.ts';

// Customers who visit every other week stay signed in; a lost phone stays signed in no longer.
const IDLE_LIMIT = sql<string>`interval '14 days'`;
// NIST SP 800-63B section 2.1.3 recommends a new sign-in after 30 days; a shop without stored cards may allow more.
const LIFETIME = sql<string>`interval '90 days'`;
// More devices than anyone has, few enough that forgotten sessions cannot accumulate.
const MOST_PER_USER = 50;

interface NewSession {
  userId: string;
  role: Role;
  userAgent: string | undefined;
}

/** Opens a session. If there are too many, the one idle longest ends. The user's password hash must be locked. */
export async function openSession(
  transaction: Transaction<UserDatabase>,
  { userId, role, userAgent = '' }: NewSession,
): Promise<OpenSession> {
  const [sessionId, refreshToken] = [randomUUID(), newSecret('rt')];
  await transaction
    .insertInto('sessions')
    .values({
      id: sessionId,
      user_id: userId,
      user_agent: userAgent === '' ? null : userAgent,
      expires_at: sql`now() + ${LIFETIME}`,
    })
    .execute();
  await storeToken(transaction, sessionId, refreshToken);
  const surplus = openSessionsOf(transaction, userId)
    .orderBy('last_used_at', 'desc')
    .orderBy('id')
    .offset(MOST_PER_USER);
  const ids = (await surplus.execute()).map(({ id }) => id);
  await endSessions(transaction, { ids, reason: 'displaced' });
  return { sessionId, userId, role, refreshToken };
}

/** SQL condition: not ended, not expired and not idle for too long. */
export const isOpen = sql<boolean>`sessions.ended_at is null and sessions.expires_at > now() and sessions.last_used_at > now() - ${IDLE_LIMIT}`;

const openSessionsOf = (db: Kysely<UserDatabase>, userId: string) =>
  db.selectFrom('sessions').select('sessions.id').where('user_id', '=', userId).where(isOpen);

/** Most recently used first. */
export async function listOpenSessions(db: Kysely<UserDatabase>, userId: string): Promise<SessionView[]> {
  const rows = await openSessionsOf(db, userId)
    .select(['user_agent', 'created_at', 'last_used_at'])
    .select(sql<Date>`least(expires_at, last_used_at + ${IDLE_LIMIT})`.as('until'))
    .orderBy('last_used_at', 'desc')
    .orderBy('sessions.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    userAgent: row.user_agent,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at.toISOString(),
    expiresAt: row.until.toISOString(),
  }));
}

/** Ends those of these sessions that are open; returns how many. */
export async function endSessions(
  db: Kysely<UserDatabase>,
  { ids, reason }: { ids: readonly string[]; reason: EndReason },
): Promise<number> {
  if (ids.length === 0) return 0;
  const { numUpdatedRows } = await db
    .updateTable('sessions')
    .set({ ended_at: sql`now()`, end_reason: reason })
    .where('id', 'in', ids)
    .where(isOpen)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Ends one session of this user; returns whether the user had it open. */
export async function endOwnSession(db: Kysely<UserDatabase>, userId: string, sessionId: string): Promise<boolean> {
  const rows = await openSessionsOf(db, userId).where('sessions.id', '=', sessionId).execute();
  return (await endSessions(db, { ids: rows.map(({ id }) => id), reason: 'signed_out' })) > 0;
}

/** Ends every session of this user except `except`. The user's password hash must be locked. */
export async function endOtherSessions(
  db: Kysely<UserDatabase>,
  { userId, except, reason }: { userId: string; except?: string | undefined; reason: EndReason },
): Promise<void> {
  const rows = await openSessionsOf(db, userId).execute();
  const ids = rows.map(({ id }) => id).filter((id) => id !== except);
  await endSessions(db, { ids, reason });
}
