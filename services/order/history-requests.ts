import { type Kysely, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import { Tail } from '../../platform/events/tail.ts';
import { HISTORY } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { historyView } from './views.ts';

// Far more than move within a poll.
const MOST_MOVES = 1_000;
// A story has a few dozen entries.
const MOST_ENTRIES = 500;

/** Waits for the stories of all orders to grow. */
export const historyTail = (db: Kysely<OrderDatabase>): Tail =>
  new Tail(HISTORY, db as Kysely<unknown>, { table: 'order_history', sequence: 'order_history_position_seq' });

/** What is followed live: which orders have something new in their story, and what. */
export const createHistoryRequests = (
  db: Kysely<OrderDatabase>,
  tail: Tail,
): Pick<OrderRequests, 'followMoves' | 'followStory'> => ({
  async followMoves({ after, patienceMs }) {
    if (after === null) return { orderIds: [], next: await tail.look(), restarted: true };
    const upTo = await tail.beyond(after, Date.now() + patienceMs);
    // On another database the numbers may be behind those that were read on the one before.
    if (upTo < after) return { orderIds: [], next: upTo, restarted: true };
    const rows = await db
      .selectFrom('order_history')
      .select(['position', 'order_id'])
      .where('position', '>', after)
      .where('position', '<=', upTo)
      .orderBy('position')
      .limit(MOST_MOVES)
      .execute();
    const next = rows.length === MOST_MOVES ? rows.at(-1)!.position : upTo;
    return { orderIds: [...new Set(rows.map((row) => row.order_id))], next, restarted: false };
  },

  async followStory({ orderId, after }) {
    // The end is looked for before the entries: what is told of an order that has ended is then complete.
    const ended = await hasEnded(db, orderId);
    const upTo = await tail.look();
    const rows = await db
      .selectFrom('order_history')
      .selectAll()
      .where('order_id', '=', orderId)
      .where('position', '>', after)
      .orderBy('position')
      .limit(MOST_ENTRIES)
      .execute();
    const settled = rows.filter(({ position }) => position <= upTo);
    const complete = settled.length === rows.length && rows.length < MOST_ENTRIES;
    return {
      items: settled.map((row) => ({ position: row.position, ...historyView(row) })),
      more: rows.length === MOST_ENTRIES,
      ended: ended && complete,
    };
  },
});

/** Whether nothing can happen to the order any more: it came to nothing, or it and all of its returns are settled. */
async function hasEnded(db: Kysely<OrderDatabase>, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`
    select status in ('rejected', 'canceled') or (status = 'completed' and not exists (
             select from returns where order_id = orders.id and status in ('requested', 'received'))) as ended
      from orders where id = ${orderId}`.execute(db);
  return rows[0]?.ended ?? false;
}
