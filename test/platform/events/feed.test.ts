import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { FeedPage } from '../../../platform/contract/event.ts';
import { inventoryEvents } from '../../../activities/inventory.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import { connect } from '../../../platform/database/connection.ts';
import { Feed } from '../../../platform/events/feed.ts';
import { purgeOutbox } from '../../../platform/events/retention.ts';
import { createOutboxWriter } from '../../../platform/events/outbox.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

type Work = Transaction<InventoryDatabase>;
const TYPES = Object.keys(inventoryEvents);

describe('a feed', () => {
  let database: FreshDatabase<InventoryDatabase>;
  let db: Kysely<InventoryDatabase>;
  let feed: Feed;
  const write = createOutboxWriter('inventory', inventoryEvents);

  beforeEach(async function () {
    this.timeout(120_000);
    database = await freshDatabase<InventoryDatabase>('inventory');
    db = database.db;
    feed = new Feed('inventory', db);
  });
  afterEach(async () => {
    feed.close();
    await database.drop();
  });

  const publish = (work: Work, reason: string, orderId: string = randomUUID()) =>
    write(work, { type: 'inventory.reservation_failed', subject: orderId, data: { orderId, reason } });
  const commit = (...reasons: string[]) =>
    db.transaction().execute(async (work) => {
      for (const reason of reasons) await publish(work, reason);
    });
  const read = (after: string | null, more: { limit?: number; patienceMs?: number; types?: string[] } = {}) =>
    feed.readFeed({ after, types: TYPES, limit: 100, patienceMs: 0, ...more });
  const reasons = ({ events }: FeedPage) => events.map(({ data }) => data.reason);

  /** Writes an event in a transaction that stays open until `end`. */
  async function open(reason: string): Promise<{ end(how: 'commit' | 'rollback'): Promise<void> }> {
    const work = await db.startTransaction().execute();
    await publish(work, reason);
    return { end: (how) => (how === 'commit' ? work.commit() : work.rollback()).execute() };
  }

  it('returns every event once, in the order of writing, page by page', async () => {
    await commit('1', '2', '3');
    await commit('4', '5');
    const first = await read(null, { limit: 2 });
    const second = await read(first.next, { limit: 2 });
    const third = await read(second.next, { limit: 2 });
    assert.deepEqual([first, second, third].map(reasons), [['1', '2'], ['3', '4'], ['5']]);
    assert.deepEqual(await read(third.next), { events: [], next: third.next, restarted: false });
  });

  it('refuses a cursor that no feed issued', async () => {
    await commit('1');
    for (const sequence of ['', 'x', '1.5', '-1', '1e3', '9'.repeat(20)]) {
      await assert.rejects(read(encodeCursor([sequence, randomUUID()])), { code: 'BadCursor' }, sequence);
    }
  });

  it('holds an event back while an earlier one may still commit', async () => {
    await commit('before');
    const { next } = await read(null);
    const slow = await open('slow');
    await commit('quick');
    assert.deepEqual(reasons(await read(next)), []);
    await slow.end('commit');
    assert.deepEqual(reasons(await read(next)), ['slow', 'quick']);
  });

  it('skips an event that was rolled back', async () => {
    const slow = await open('slow');
    await commit('quick');
    await slow.end('rollback');
    assert.deepEqual(reasons(await read(null)), ['quick']);
    await (await open('last')).end('rollback');
    const page = await read(null, { patienceMs: 20 });
    assert.deepEqual(reasons(page), ['quick']);
    assert.deepEqual(reasons(await read(page.next, { patienceMs: 20 })), []);
  });

  it('is not delayed by a transaction on other tables or in another database', async () => {
    const other = await freshDatabase<InventoryDatabase>('inventory');
    const elsewhere = await other.db.startTransaction().execute();
    await publish(elsewhere, 'elsewhere');
    const work = await db.startTransaction().execute();
    await work.insertInto('stock').values({ sku: 'a', on_hand: 1, reserved: 0 }).execute();
    await commit('here');
    assert.deepEqual(reasons(await read(null)), ['here']);
    await work.rollback().execute();
    await elsewhere.rollback().execute();
    await other.drop();
  });

  it('loses and repeats nothing, and keeps the order of each subject, with concurrent writers', async () => {
    const subjects = Array.from({ length: 4 }, () => randomUUID());
    await db
      .insertInto('stock')
      .values(subjects.map((sku) => ({ sku, on_hand: 0, reserved: 0 })))
      .execute();
    /** Numbers each subject's events under the lock of the subject's row. */
    const change = (subject: string) =>
      db.transaction().execute(async (work) => {
        // Gets its transaction id before it waits for the row.
        await work.insertInto('stock').values({ sku: randomUUID(), on_hand: 0, reserved: 0 }).execute();
        const { on_hand } = await work
          .updateTable('stock')
          .set({ on_hand: sql`on_hand + 1` })
          .where('sku', '=', subject)
          .returning('on_hand')
          .executeTakeFirstOrThrow();
        await publish(work, String(on_hand), subject);
        if (on_hand % 7 === 0) await sql`select pg_sleep(0.01)`.execute(work);
      });
    // Eight writers, two per subject, so that the reader always gets a connection from the pool.
    const writer = async (_: unknown, index: number) => {
      for (let count = 0; count < 25; count += 1) await change(subjects[index % 4]!);
    };
    const writing = Promise.all(Array.from({ length: 8 }).map(writer));
    const received: FeedPage['events'] = [];
    let cursor: string | null = null;
    while (received.length < 200) {
      const page: FeedPage = await read(cursor, { limit: 7, patienceMs: 10_000 });
      cursor = page.next;
      received.push(...page.events);
    }
    await writing;
    for (const subject of subjects) {
      const counts = received.filter((event) => event.subject === subject).map(({ data }) => Number(data.reason));
      assert.deepEqual(
        counts,
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    }
  });

  it('returns to a waiting reader as soon as an event is published, also by another process', async () => {
    const waiting = read(null, { patienceMs: 25_000 });
    await commit('here');
    const page = await waiting;
    assert.deepEqual(reasons(page), ['here']);
    const again = read(page.next, { patienceMs: 25_000 });
    const orderId = randomUUID();
    await sql`insert into outbox (id, source, type, subject, data) values
      (${randomUUID()}, '/services/inventory', 'inventory.reservation_failed', ${orderId}, '{"reason":"there"}')`.execute(
      db,
    );
    assert.deepEqual(reasons(await again), ['there']);
  });

  it('skips event types that were not requested, and does not return to them', async () => {
    await commit('1', '2', '3');
    const page = await read(null, { types: ['inventory.reserved'], limit: 1 });
    assert.deepEqual(reasons(page), []);
    assert.deepEqual(reasons(await read(page.next)), []);
    await commit('4');
    assert.deepEqual(reasons(await read(page.next)), ['4']);
  });

  it('ends all long polls when it closes', async () => {
    const waiting = [read(null, { patienceMs: 25_000 }), read(null, { patienceMs: 25_000 })];
    await commit();
    feed.close();
    for (const page of await Promise.all(waiting)) assert.deepEqual(page.events, []);
  });

  describe('whose database was replaced', () => {
    it('reports a restart and begins at its oldest event if the reader is ahead of it', async () => {
      await commit('1', '2', '3');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      await commit('anew');
      const page = await read(next);
      assert.deepEqual([reasons(page), page.restarted], [['anew'], true]);
      assert.equal((await read(page.next)).restarted, false);
    });

    it('reports a restart at once, even without events', async () => {
      await commit('1');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      assert.deepEqual(await read(next, { patienceMs: 25_000 }), { events: [], next: null, restarted: true });
    });

    it('reports a restart if it has other events at the position of the reader', async () => {
      await commit('1', '2');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      await commit('one', 'two', 'three');
      const page = await read(next);
      assert.deepEqual([reasons(page), page.restarted], [['one', 'two', 'three'], true]);
    });

    async function asOwner(statement: string) {
      const owner = connect<unknown>(database.ownerUrl, 1);
      await sql.raw(statement).execute(owner);
      await owner.destroy();
      feed.close();
      feed = new Feed('inventory', db);
    }
  });

  describe('after a purge', () => {
    const age = (agedReasons: string[]) =>
      db
        .updateTable('outbox')
        .set({ occurred_at: sql<Date>`now() - interval '31 days'` })
        .where(sql<boolean>`data->>'reason' = any(${agedReasons}::text[])`)
        .execute();

    it('keeps younger events, and recognizes a reader that has missed nothing', async () => {
      await commit('1', '2', '3');
      const behind = await read(null, { limit: 1 });
      const upToDate = await read(null);
      await age(['1', '2', '3']);
      await purgeOutbox(db, 30);
      assert.equal((await read(upToDate.next)).restarted, false);
      await commit('4');
      assert.deepEqual(reasons(await read(upToDate.next)), ['4']);
      const late = await read(behind.next);
      assert.deepEqual([reasons(late), late.restarted], [['3', '4'], true], 'a reader that missed events is told');
    });

    it('keeps everything if nothing is old', async () => {
      await commit('1', '2');
      await purgeOutbox(db, 30);
      assert.deepEqual(reasons(await read(null)), ['1', '2']);
    });

    it('has deleted more than one batch', async () => {
      await sql`insert into outbox (id, source, type, subject, data, occurred_at)
        select gen_random_uuid(), '/s', 'a', 's', '{}', now() - interval '31 days' from generate_series(1, 2500)`.execute(
        db,
      );
      await purgeOutbox(db, 30);
      const { rows } = await sql<{ count: number }>`select count(*) from outbox`.execute(db);
      assert.equal(rows[0]!.count, 1);
    });
  });
});
