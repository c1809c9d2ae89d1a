import { type Kysely, sql } from 'kysely';
import type { ListUsers, User } from '../../activities/user.ts';
import type { Page } from '../../platform/contract/operation.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { userOf } from './accounts.ts';
import type { UserDatabase } from './database.ts';

/** The users whose e-mail address or name has words that begin with those of the query, newest first. */
export async function listUsers(db: Kysely<UserDatabase>, { query, after, limit }: ListUsers): Promise<Page<User>> {
  const users = db.selectFrom('users').selectAll();
  const older = after === undefined ? users : users.where(olderThan(after, 'created_at'));
  const rows =
    query === undefined
      ? await newestFirst(older, limit + 1).execute()
      : await search(db, older, { query, count: limit + 1 });
  const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
  return { items: items.map(userOf), next };
}

type Users = ReturnType<typeof everybody>;
const everybody = (db: Kysely<UserDatabase>) => db.selectFrom('users').selectAll();

const newestFirst = (users: Users, count: number): Users =>
  users.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(count);

// Some 40 pages of the table: half a millisecond.
const NEWEST = 1_000;

/**
 * PostgreSQL cannot know how many users have a word that begins so, and would read all of them, newest first, for a rare
 * one. Hence two statements: a beginning that many users have fills its page from the newest ones; for any other, the
 * index of terms finds all matches, which are few enough to be sorted.
 */
async function search(db: Kysely<UserDatabase>, users: Users, { query, count }: { query: string; count: number }) {
  const matches = sql<boolean>`terms @@ user_query(${storableText(query)})`;
  const among = (some: Users) => newestFirst(db.selectFrom(some.as('users')).selectAll(), count);
  const newest = await among(newestFirst(users, NEWEST)).where(matches).execute();
  if (newest.length === count) return newest;
  // The offset keeps the two levels apart: the inner one is planned without the order.
  return among(users.where(matches).offset(0)).execute();
}
