import { type Generated, type Kysely, type Transaction, sql } from 'kysely';
import type { CloudEvent, FeedPage } from '../contract/event.ts';

/** An event that a subscriber has heard of. `position` orders them as they came. */
export interface InboxTable {
  position: Generated<number>;
  id: string;
  publisher: string;
  type: string;
  subject: string;
  time: Date | string;
  traceparent: string | null;
  /** Null once it is handled: then its id is all that is still needed. */
  data: unknown;
  state: Generated<'waiting' | 'done' | 'discarded'>;
  attempts: Generated<number>;
  last_error: string | null;
  next_attempt_at: Generated<Date>;
  received_at: Generated<Date>;
  settled_at: Date | null;
  /** Of a dead letter that was discarded. */
  note: string | null;
  resolved_by: string | null;
}

/** How far each publisher's feed was read. */
export interface InboxCursorTable {
  publisher: string;
  cursor: string | null;
  read_at: Generated<Date>;
}

export interface InboxDatabase {
  inbox: InboxTable;
  inbox_cursors: InboxCursorTable;
}

/** For the first migration of a service that subscribes. */
export async function createInbox(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('inbox')
    .addColumn('position', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    // An event told twice is noted once: what is handled at most once is this row.
    .addColumn('id', 'uuid', (column) => column.notNull().unique())
    .addColumn('publisher', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('time', 'timestamptz', (column) => column.notNull())
    .addColumn('traceparent', 'text')
    .addColumn('data', 'jsonb')
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .defaultTo('waiting')
        .check(sql`state in ('waiting', 'done', 'discarded')`),
    )
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('last_error', 'text')
    .addColumn('next_attempt_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('received_at', 'timestamptz', (column) =>
      column.notNull().defaultTo(sql`date_trunc('milliseconds', now())`),
    )
    .addColumn('settled_at', 'timestamptz')
    .addColumn('note', 'text')
    .addColumn('resolved_by', 'text')
    .addCheckConstraint('settled_says_when', sql`(state = 'waiting') = (settled_at is null)`)
    .addCheckConstraint('waiting_can_be_handled', sql`state <> 'waiting' or data is not null`)
    .execute();
  // The first of each subject is looked for, again and again.
  await sql`create index inbox_waiting on inbox (publisher, subject, position) where state = 'waiting'`.execute(db);
  await sql`create index inbox_settled on inbox (settled_at) where state <> 'waiting'`.execute(db);
  await db.schema
    .createTable('inbox_cursors')
    .addColumn('publisher', 'text', (column) => column.primaryKey())
    .addColumn('cursor', 'text')
    .addColumn('read_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
}

/** Where to read on; null from the beginning. */
export async function cursorOf(db: Kysely<InboxDatabase>, publisher: string): Promise<string | null> {
  const row = await db
    .selectFrom('inbox_cursors')
    .select('cursor')
    .where('publisher', '=', publisher)
    .executeTakeFirst();
  return row?.cursor ?? null;
}

/**
 * Keeps what was read after `cursor`, in one transaction with where to read on. Where another replica has read on from
 * there already nothing is kept: what this one has read is the other's to keep, or kept.
 */
export async function keepPage(
  db: Kysely<InboxDatabase>,
  { publisher, cursor, page }: { publisher: string; cursor: string | null; page: FeedPage },
): Promise<void> {
  await db.transaction().execute(async (work) => {
    // The cursor first: its row is the lock under which replicas keep their pages one after the other.
    if (!(await moveCursor(work, publisher, { from: cursor, to: page.next })) || page.events.length === 0) return;
    await work
      .insertInto('inbox')
      .values(page.events.map((event) => rowOf(publisher, event)))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  });
}

async function moveCursor(
  work: Transaction<InboxDatabase>,
  publisher: string,
  { from, to }: { from: string | null; to: string | null },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await work
    .insertInto('inbox_cursors')
    .values({ publisher, cursor: to })
    .onConflict((conflict) =>
      conflict
        .column('publisher')
        .doUpdateSet({ cursor: to, read_at: sql`now()` })
        .where(sql<boolean>`inbox_cursors.cursor is not distinct from ${from}`),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

const rowOf = (publisher: string, { id, type, subject, time, traceparent, data }: CloudEvent) => ({
  id,
  publisher,
  type,
  subject,
  time,
  traceparent: traceparent ?? null,
  data: JSON.stringify(data),
  last_error: null,
  settled_at: null,
  note: null,
  resolved_by: null,
});
