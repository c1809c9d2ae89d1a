import { type Kysely, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import { Tail } from '../../platform/events/tail.ts';
import { HISTORY_WRITTEN } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { historyView } from './views.ts';

// Far more entries than are written between two polls.
const MAX_MOVES = 1_000;
// An order's history has a few dozen entries.
const MAX_ENTRIES = 500;

/** Waits for new history entries, of any order. */
export const historyTail = (db: Kysely<OrderDatabase>): Tail =>
  new Tail(HISTORY_WRITTEN, db as Kysely<unknown>, { table: 'order_history', sequence: 'order_history_position_seq' });

/** The live feed: which orders have new history entries, and the entries of one order. */
export const createHistoryRequests = (
  db: Kysely<OrderDatabase>,
  tail: Tail,
): Pick<OrderRequests, 'followMoves' | 'followStory'> => ({
  async followMoves({ after, patienceMs }) {
    if (after === null) return { orderIds: [], next: await tail.look(), restarted: true };
    const upTo = await tail.beyond(after, Date.now() + patienceMs);
    // After a switch to another database, its positions may be behind those already read.
    if (upTo < after) return { orderIds: [], next: upTo, restarted: true };
    const rows = await db
      .selectFrom('order_history')
      .select(['position', 'order_id'])
      .where('position', '>', after)
      .where('position', '<=', upTo)
      .orderBy('position')
      .limit(MAX_MOVES)
      .execute();
    const next = rows.length === MAX_MOVES ? rows.at(-1)!.position : upTo;
    return { orderIds: [...new Set(rows.map((row) => row.order_id))], next, restarted: false };
  },

  async followStory({ orderId, after }) {
    // Check for the end before reading the entries: if the order has ended, the entries are then complete.
    const ended = await hasEnded(db, orderId);
    const upTo = await tail.look();
    const rows = await db
      .selectFrom('order_history')
      .selectAll()
      .where('order_id', '=', orderId)
      .where('position', '>', ownPosition(orderId, after))
      .orderBy('position')
      .limit(MAX_ENTRIES)
      .execute();
    const settledRows = rows.filter(({ position }) => position <= upTo);
    const complete = settledRows.length === rows.length && rows.length < MAX_ENTRIES;
    return {
      items: settledRows.map((row) => ({ position: row.position, ...historyView(row) })),
      more: rows.length === MAX_ENTRIES,
      ended: ended && complete,
    };
  },
});

/** This position if it is an entry of the order, otherwise 0: a position that was never given says nothing about what was read. */
const ownPosition = (orderId: string, after: number) => sql<number>`coalesce((
  select position from order_history where position = ${after}::bigint and order_id = ${orderId}::uuid), 0)`;

/** Whether the order can no longer change: it was rejected or canceled, or it and all its returns and refunds are complete. */
async function hasEnded(db: Kysely<OrderDatabase>, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`
    select status in ('rejected', 'canceled') or (status = 'completed' and not exists (
             select from returns where order_id = orders.id and status in ('requested', 'received'))
             and not exists (select from refunds where order_id = orders.id and status = 'requested')) as ended
      from orders where id = ${orderId}`.execute(db);
  return rows[0]?.ended ?? false;
}
