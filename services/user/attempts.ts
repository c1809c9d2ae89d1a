import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { UserDatabase } from './database.ts';

// NIST SP 800-63B section 3.2.2 allows 100 wrong ones in a row. People who mistype need fewer than these.
const FREE_ATTEMPTS = 10;
// From there on each wait is twice the last, from a second up: a guesser gets about a hundred a day, for ever.
const LONGEST_WAIT_SECONDS = 900;
const FORGOTTEN_AFTER = sql<string>`interval '1 day'`;

/** Whose attempts are counted together. Digested, because what was typed as an e-mail need not be one. */
export const subjectOf = (...parts: readonly string[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest();

/**
 * Counts an attempt as failed before it is made, so that many at once are no way around; a success takes that back.
 * Answers how many seconds to wait before it may be made, 0 for none: then it was not counted. One row in
 * PostgreSQL, so that it holds across replicas and restarts.
 */
export async function beginAttempt(db: Kysely<UserDatabase>, subject: Buffer): Promise<number> {
  const failures = sql<number>`case when known.last_at < now() - ${FORGOTTEN_AFTER} then 1 else known.failures + 1 end`;
  const waitSeconds = sql<number>`case when ${failures} < ${FREE_ATTEMPTS} then 0
    else least(${LONGEST_WAIT_SECONDS}, power(2, least(${failures} - ${FREE_ATTEMPTS}, 20))) end`;
  // By the clock, not by when the statement began: it may have waited for another's attempt, which is not its block.
  const { rows } = await sql`
    insert into sign_in_attempts as known (subject, failures) values (${subject}, 1)
    on conflict (subject) do update
      set failures = ${failures}, last_at = now(), blocked_until = clock_timestamp() + ${waitSeconds} * interval '1 second'
      where known.blocked_until <= clock_timestamp()
    returning 1`.execute(db);
  return rows.length > 0 ? 0 : secondsLeft(db, subject);
}

export async function succeeded(db: Kysely<UserDatabase>, subject: Buffer): Promise<void> {
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
