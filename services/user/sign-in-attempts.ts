import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { UserDatabase } from './database.ts';

// NIST SP 800-63B section 3.2.2 allows 100 failures in a row. People who mistype need fewer than 10.
const FREE_ATTEMPTS = 10;
// After that each wait is twice the previous one, starting at a second. This leaves about a hundred guesses a day.
const LONGEST_WAIT_SECONDS = 900;
const FORGOTTEN_AFTER = sql<string>`interval '1 day'`;

/** The key under which attempts are counted. A digest, because a typed e-mail address may be a password. */
export const attemptSubject = (...parts: readonly string[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest();

/**
 * Counts an attempt as failed before it is made, so that concurrent attempts cannot evade the limit; a success deletes
 * the count. Returns 0 if the attempt may be made, or else how many seconds to wait; it is then not counted. The count
 * is a row in PostgreSQL, so it holds across replicas and restarts.
 */
export async function beginAttempt(db: Kysely<UserDatabase>, subject: Buffer): Promise<number> {
  const failures = sql<number>`case when known.last_at < now() - ${FORGOTTEN_AFTER} then 1 else known.failures + 1 end`;
  const waitSeconds = sql<number>`case when ${failures} < ${FREE_ATTEMPTS} then 0
    else least(${LONGEST_WAIT_SECONDS}, power(2, least(${failures} - ${FREE_ATTEMPTS}, 20))) end`;
  // The current time, not the statement's: the statement may have waited for a concurrent attempt.
  const { rows } = await sql`
    insert into sign_in_attempts as known (subject, failures) values (${subject}, 1)
    on conflict (subject) do update
      set failures = ${failures}, last_at = now(), blocked_until = clock_timestamp() + ${waitSeconds} * interval '1 second'
      where known.blocked_until <= clock_timestamp()
    returning 1`.execute(db);
  return rows.length > 0 ? 0 : secondsLeft(db, subject);
}

/** Call after a successful attempt. */
export async function forgetAttempts(db: Kysely<UserDatabase>, subject: Buffer): Promise<void> {
  await db.deleteFrom('sign_in_attempts').where('subject', '=', subject).execute();
}

async function secondsLeft(db: Kysely<UserDatabase>, subject: Buffer): Promise<number> {
  const row = await db
    .selectFrom('sign_in_attempts')
    .select(sql<number>`ceil(extract(epoch from blocked_until - now()))::int`.as('seconds'))
    .where('subject', '=', subject)
    .executeTakeFirst();
  return Math.max(1, row?.seconds ?? 1);
}
