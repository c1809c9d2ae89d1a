import { type Kysely, sql } from 'kysely';
import type { DeadLetter, DeadLetterRequests } from '../contract/event.ts';
import { olderThan, pageByAge } from '../database/cursor.ts';
import { Refusal } from '../contract/refusal.ts';
import { DEAD_AFTER_ATTEMPTS } from './handling.ts';
import type { InboxDatabase } from './inbox.ts';

/** The events that a subscriber cannot handle, and what a person decides about them. */
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
          ? // As if it had just come: if it goes on failing it is soon tried less often again.
            { attempts: 0, next_attempt_at: sql`now()` }
          : { state: 'discarded', data: null, settled_at: sql`now()`, note, resolved_by: resolvedBy },
      )
      .where('id', '=', eventId)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await refuseUnlessSo(db, eventId, action);
    retryNow();
  },
});

const waitingBehind = sql<number>`(
  select count(*)::int from inbox as later
   where later.state = 'waiting' and later.publisher = inbox.publisher and later.subject = inbox.subject
     and later.position > inbox.position)`;

/** Asked for again, a decision that was carried out is an answer; another one comes too late. */
async function refuseUnlessSo(db: Kysely<InboxDatabase>, eventId: string, action: 'retry' | 'discard'): Promise<void> {
  const row = await db.selectFrom('inbox').select('state').where('id', '=', eventId).executeTakeFirst();
  if (!row) throw new Refusal('DeadLetterNotFound', `there is no event ${eventId}`);
  if (row.state !== (action === 'retry' ? 'done' : 'discarded')) {
    throw new Refusal('DeadLetterClosed', `this event was ${row.state === 'done' ? 'handled' : 'discarded'} meanwhile`);
  }
}
