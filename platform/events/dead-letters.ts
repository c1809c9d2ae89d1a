import { type Kysely, sql } from 'kysely';
import { type DeadLetter, type DeadLetterRequests, eventRefusal } from '../contract/event.ts';
import { olderThan, pageByAge } from '../database/cursor.ts';
import { DEAD_AFTER_ATTEMPTS } from './handling.ts';
import type { InboxDatabase } from './inbox.ts';

/** Lists the events that a subscriber failed to handle, and lets a person retry or discard them. */
export const createDeadLetterRequests = (db: Kysely<InboxDatabase>, retryNow: () => void): DeadLetterRequests => ({
  async listDeadLetters({ after, limit }) {
    let query = db
      .selectFrom('inbox')
      .selectAll()
      .select(waitingBehind.as('behind'))
      .where('state', '=', 'waiting')
      .where('attempts', '>=', DEAD_AFTER_ATTEMPTS)
      .orderBy('received_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (after) query = query.where(olderThan(after, 'received_at'));
    const { items, next } = pageByAge(await query.execute(), limit, (row) => row.received_at);
    return {
      items: items.map((row) => ({
        eventId: row.id,
        publisher: row.publisher,
        type: row.type,
        subject: row.subject,
        time: new Date(row.time).toISOString(),
        data: row.data as DeadLetter['data'],
        attempts: row.attempts,
        lastError: row.last_error ?? '',
        nextAttemptAt: row.next_attempt_at.toISOString(),
        receivedAt: row.received_at.toISOString(),
        waitingBehind: row.behind,
      })),
      next,
    };
  },

  async resolveDeadLetter({ eventId, action, note, resolvedBy }) {
    const { numUpdatedRows } = await db
      .updateTable('inbox')
      .set(
        action === 'retry'
          ? // Starts over as a new event: if it keeps failing, the delays between attempts grow again.
            { attempts: 0, next_attempt_at: sql`now()` }
          : { state: 'discarded', data: null, settled_at: sql`now()`, note, resolved_by: resolvedBy },
      )
      .where('id', '=', eventId)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await refuseUnlessResolved(db, eventId, action);
    retryNow();
  },
});

const waitingBehind = sql<number>`(
  select count(*)::int from inbox as later
   where later.state = 'waiting' and later.publisher = inbox.publisher and later.subject = inbox.subject
     and later.position > inbox.position)`;

/** Repeating the decision that was made succeeds; a different decision is refused. */
async function refuseUnlessResolved(
  db: Kysely<InboxDatabase>,
  eventId: string,
  action: 'retry' | 'discard',
): Promise<void> {
  const row = await db.selectFrom('inbox').select('state').where('id', '=', eventId).executeTakeFirst();
  if (!row) throw eventRefusal('DeadLetterNotFound', `event ${eventId} does not exist`);
  if (row.state !== (action === 'retry' ? 'done' : 'discarded')) {
    throw eventRefusal('DeadLetterClosed', `this event was already ${row.state === 'done' ? 'handled' : 'discarded'}`);
  }
}
