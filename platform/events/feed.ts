import type { Kysely, Selectable } from 'kysely';
import type { CloudEvent, FeedPage, FeedRequests, ReadFeed } from '../contract/event.ts';
import { decodeCursor, encodeCursor, sequenceOf } from '../database/cursor.ts';
import type { OutboxDatabase, OutboxTable } from './outbox.ts';
import { Tail } from './tail.ts';

/**
 * A service's outbox as a feed for any number of subscribers, each with its own cursor. The feed keeps no record of its
 * subscribers: an event stays available until it is purged by age.
 */
export class Feed implements FeedRequests {
  readonly #db: Kysely<OutboxDatabase>;
  readonly #tail: Tail;

  constructor(service: string, db: Kysely<OutboxDatabase>) {
    this.#db = db;
    this.#tail = new Tail(service, db as Kysely<unknown>, { table: 'outbox', sequence: 'outbox_sequence_seq' });
  }

  /** Ends all long polls. */
  close(): void {
    this.#tail.close();
  }

  async readFeed({ after, types, limit, patienceMs }: ReadFeed): Promise<FeedPage> {
    const wanted = new Set(types);
    const start = await this.#positionOf(after);
    const deadline = start.restarted ? 0 : Date.now() + patienceMs;
    let { sequence, cursor } = start;
    for (;;) {
      const upTo = await this.#tail.beyond(sequence, deadline);
      const rows = await this.#rows(sequence, upTo, limit);
      const last = rows.at(-1);
      if (last) cursor = encodeCursor([String(last.sequence), last.id]);
      // A gap below the watermark was rolled back, so there is nothing to wait for.
      sequence = rows.length === limit ? last!.sequence : Math.max(sequence, upTo);
      const events = rows.filter(({ type }) => wanted.has(type)).map(eventOf);
      const readAll = rows.length < limit;
      if (events.length > 0 || (readAll && (this.#tail.closed || Date.now() >= deadline))) {
        return { events, next: cursor, restarted: start.restarted };
      }
    }
  }

  /** Where to continue. A cursor names its event, so that a cursor from a different feed, or an older backup, is noticed. */
  async #positionOf(after: string | null): Promise<{ sequence: number; cursor: string | null; restarted: boolean }> {
    if (after === null) return { sequence: 0, cursor: null, restarted: false };
    const [number, id] = decodeCursor(after, 2) as [string, string];
    const sequence = sequenceOf(number);
    const event = await this.#db.selectFrom('outbox').select('id').where('sequence', '=', sequence).executeTakeFirst();
    return event?.id === id
      ? { sequence, cursor: after, restarted: false }
      : { sequence: 0, cursor: null, restarted: true };
  }

  #rows(after: number, upTo: number, limit: number): Promise<Selectable<OutboxTable>[]> {
    return this.#db
      .selectFrom('outbox')
      .selectAll()
      .where('sequence', '>', after)
      .where('sequence', '<=', upTo)
      .orderBy('sequence')
      .limit(limit)
      .execute();
  }
}

const eventOf = (row: Selectable<OutboxTable>): CloudEvent => ({
  specversion: '1.0',
  id: row.id,
  source: row.source,
  type: row.type,
  subject: row.subject,
  time: row.occurred_at.toISOString(),
  datacontenttype: 'application/json',
  ...(row.traceparent !== null && { traceparent: row.traceparent }),
  data: row.data as CloudEvent['data'],
});
