import { type Generated, type Kysely, type Transaction, sql } from 'kysely';
import type { CloudEvent, FeedPage } from '../contract/event.ts';

/**
 * An event that a subscriber has read. `position` is the order of arrival.
 *
 * The first migration of a service that subscribes creates this table and `inbox_cursors`: copy them from
 * services/cart/migrations/001_create_cart.ts.
 */
export interface InboxTable {
  position: Generated<number>;
  id: string;
  publisher: string;
  type: string;
  subject: string;
  time: Date | string;
  traceparent: string | null;
  /** Null once the event is handled: from then on only its id is needed. */
  data: unknown;
  state: Generated<'waiting' | 'done' | 'discarded'>;
  attempts: Generated<number>;
  last_error: string | null;
  next_attempt_at: Generated<Date>;
  received_at: Generated<Date>;
  settled_at: Date | null;
  /** Set when a dead letter is discarded, like `resolved_by`. */
  note: string | null;
  resolved_by: string | null;
}

/** How far each publisher's feed has been read. */
export interface InboxCursorTable {
  publisher: string;
  cursor: string | null;
  read_at: Generated<Date>;
}

export interface InboxDatabase {
  inbox: InboxTable;
  inbox_cursors: InboxCursorTable;
}

/** Where to continue reading; null: from the beginning. */
export async function cursorOf(db: Kysely<InboxDatabase>, publisher: string): Promise<string | null> {
  const row = await db
    .selectFrom('inbox_cursors')
    .select('cursor')
    .where('publisher', '=', publisher)
    .executeTakeFirst();
  return row?.cursor ?? null;
}

/**
 * Stores the events read after `cursor` and the new cursor in one transaction. Stores nothing if another replica has
 * already moved the cursor: that replica stores the same events.
 */
export async function storePage(
  db: Kysely<InboxDatabase>,
  { publisher, cursor, page }: { publisher: string; cursor: string | null; page: FeedPage },
): Promise<void> {
  await db.transaction().execute(async (work) => {
    // The cursor first: its row lock makes replicas store their pages one after another.
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
