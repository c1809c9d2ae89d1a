import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { OpenSession, SessionView } from '../../activities/session.ts';
import type { Role } from '../../activities/user.ts';
import type { EndReason, UserDatabase } from './database.ts';
import { keepToken, newSecret } from './refresh-tokens.ts';

// A shop that is visited every other week keeps its customers signed in; a lost telephone does so no longer than that.
const IDLE = sql<string>`interval '14 days'`;
// NIST SP 800-63B section 2.1.3 lets a person be asked again after 30 days; a shop without stored cards may wait longer.
const LIFETIME = sql<string>`interval '90 days'`;
// More devices than anybody has, few enough that guessed or forgotten sessions cannot pile up.
const MOST_PER_USER = 50;
interface Opening {
  userId: string;
  role: Role;
  userAgent: string | undefined;
}

/** Opens a session; of too many, the one that was left alone the longest ends. The user's row must be locked. */
export async function openSession(
  transaction: Transaction<UserDatabase>,
  { userId, role, userAgent = '' }: Opening,
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
  await keepToken(transaction, sessionId, refreshToken);
  const surplus = open(transaction, userId).orderBy('last_used_at', 'desc').orderBy('id').offset(MOST_PER_USER);
  const ids = (await surplus.execute()).map(({ id }) => id);
  await endSessions(transaction, { ids, reason: 'displaced' });
  return { sessionId, userId, role, refreshToken };
}

/** Neither ended nor out of time, of either kind. */
export const isOpen = sql<boolean>`sessions.ended_at is null and sessions.expires_at > now() and sessions.last_used_at > now() - ${IDLE}`;

const open = (db: Kysely<UserDatabase>, userId: string) =>
  db.selectFrom('sessions').select('sessions.id').where('user_id', '=', userId).where(isOpen);

/** Last used first. */
export async function listOpen(db: Kysely<UserDatabase>, userId: string): Promise<SessionView[]> {
  const rows = await open(db, userId)
    .select(['user_agent', 'created_at', 'last_used_at'])
    .select(sql<Date>`least(expires_at, last_used_at + ${IDLE})`.as('until'))
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

/** Ends these sessions as far as they are open; answers how many were. */
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

/** Ends one session, if it is this user's. */
export async function endOwn(db: Kysely<UserDatabase>, userId: string, sessionId: string): Promise<boolean> {
  const rows = await open(db, userId).where('sessions.id', '=', sessionId).execute();
  return (await endSessions(db, { ids: rows.map(({ id }) => id), reason: 'signed_out' })) > 0;
}

/** Ends every session of this user but `except`. */
export async function endOthers(
  db: Kysely<UserDatabase>,
  { userId, except }: { userId: string; except?: string | undefined },
): Promise<void> {
  const rows = await open(db, userId).execute();
  const ids = rows.map(({ id }) => id).filter((id) => id !== except);
  await endSessions(db, { ids, reason: 'password_changed' });
}
