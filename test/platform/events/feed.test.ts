import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { FeedPage } from '../../../platform/contract/event.ts';
import { inventoryEvents } from '../../../activities/inventory.ts';
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

  const tell = (work: Work, reason: string, orderId: string = randomUUID()) =>
    write(work, { type: 'inventory.reservation_failed', subject: orderId, data: { orderId, reason } });
  const told = (...reasons: string[]) =>
    db.transaction().execute(async (work) => {
      for (const reason of reasons) await tell(work, reason);
    });
  const read = (after: string | null, more: { limit?: number; patienceMs?: number; types?: string[] } = {}) =>
    feed.readFeed({ after, types: TYPES, limit: 100, patienceMs: 0, ...more });
  const reasons = ({ events }: FeedPage) => events.map(({ data }) => data.reason);

  /** A transaction that has written this and is left open until it is told how to end. */
  async function open(reason: string): Promise<{ end(how: 'commit' | 'rollback'): Promise<void> }> {
    const work = await db.startTransaction().execute();
    await tell(work, reason);
    return { end: (how) => (how === 'commit' ? work.commit() : work.rollback()).execute() };
  }

  it('tells everything once, in the order of writing, page by page', async () => {
    await told('1', '2', '3');
    await told('4', '5');
    const first = await read(null, { limit: 2 });
    const second = await read(first.next, { limit: 2 });
    const third = await read(second.next, { limit: 2 });
    assert.deepEqual([first, second, third].map(reasons), [['1', '2'], ['3', '4'], ['5']]);
    assert.deepEqual(await read(third.next), { events: [], next: third.next, restarted: false });
  });

  it('tells no event while an earlier one may still come', async () => {
    await told('before');
    const { next } = await read(null);
    const slow = await open('slow');
    await told('quick');
    assert.deepEqual(reasons(await read(next)), []);
    await slow.end('commit');
    assert.deepEqual(reasons(await read(next)), ['slow', 'quick']);
  });

  it('goes on without an event that was rolled back', async () => {
    const slow = await open('slow');
    await told('quick');
    await slow.end('rollback');
    assert.deepEqual(reasons(await read(null)), ['quick']);
    await (await open('last')).end('rollback');
    const page = await read(null, { patienceMs: 20 });
    assert.deepEqual(reasons(page), ['quick']);
    assert.deepEqual(reasons(await read(page.next, { patienceMs: 20 })), []);
  });

  it('is not held up by a transaction that writes other tables, or another database', async () => {
    const other = await freshDatabase<InventoryDatabase>('inventory');
    const elsewhere = await other.db.startTransaction().execute();
    await tell(elsewhere, 'elsewhere');
    const work = await db.startTransaction().execute();
    await work.insertInto('stock').values({ sku: 'a', on_hand: 1, reserved: 0 }).execute();
    await told('told');
    assert.deepEqual(reasons(await read(null)), ['told']);
    await work.rollback().execute();
    await elsewhere.rollback().execute();
    await other.drop();
  });

  it('loses and repeats nothing, and keeps the order of each subject, while many write at once', async () => {
    const subjects = Array.from({ length: 4 }, () => randomUUID());
    await db
      .insertInto('stock')
      .values(subjects.map((sku) => ({ sku, on_hand: 0, reserved: 0 })))
      .execute();
    /** The number each subject's event carries is counted under the lock of the subject's row. */
    const change = (subject: string) =>
      db.transaction().execute(async (work) => {
        // Takes its transaction id before it waits for the row, as others that wait do.
        await work.insertInto('stock').values({ sku: randomUUID(), on_hand: 0, reserved: 0 }).execute();
        const { on_hand } = await work
          .updateTable('stock')
          .set({ on_hand: sql`on_hand + 1` })
          .where('sku', '=', subject)
          .returning('on_hand')
          .executeTakeFirstOrThrow();
        await tell(work, String(on_hand), subject);
        if (on_hand % 7 === 0) await sql`select pg_sleep(0.01)`.execute(work);
      });
    // Eight writers, two of each subject, so that the reader always finds a connection.
    const writer = async (_: unknown, index: number) => {
      for (let count = 0; count < 25; count += 1) await change(subjects[index % 4]!);
    };
    const writing = Promise.all(Array.from({ length: 8 }).map(writer));
    const heard: FeedPage['events'] = [];
    let cursor: string | null = null;
    while (heard.length < 200) {
      const page: FeedPage = await read(cursor, { limit: 7, patienceMs: 10_000 });
      cursor = page.next;
      heard.push(...page.events);
    }
    await writing;
    for (const subject of subjects) {
      const counts = heard.filter((event) => event.subject === subject).map(({ data }) => Number(data.reason));
      assert.deepEqual(
        counts,
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    }
  });

  it('answers a reader who waits as soon as something is told, also by another process', async () => {
    const waiting = read(null, { patienceMs: 25_000 });
    await told('here');
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

  it('passes over types nobody asked for, and does not come back to them', async () => {
    await told('1', '2', '3');
    const page = await read(null, { types: ['inventory.reserved'], limit: 1 });
    assert.deepEqual(reasons(page), []);
    assert.deepEqual(reasons(await read(page.next)), []);
    await told('4');
    assert.deepEqual(reasons(await read(page.next)), ['4']);
  });

  it('answers all who wait when it closes', async () => {
    const waiting = [read(null, { patienceMs: 25_000 }), read(null, { patienceMs: 25_000 })];
    await told();
    feed.close();
    for (const page of await Promise.all(waiting)) assert.deepEqual(page.events, []);
  });

  describe('whose past is another', () => {
    it('says so and begins at its oldest event, where the reader is ahead of it', async () => {
      await told('1', '2', '3');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      await told('anew');
      const page = await read(next);
      assert.deepEqual([reasons(page), page.restarted], [['anew'], true]);
      assert.equal((await read(page.next)).restarted, false);
    });

    it('says so at once, also where it has nothing to tell', async () => {
      await told('1');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      assert.deepEqual(await read(next, { patienceMs: 25_000 }), { events: [], next: null, restarted: true });
    });

    it('says so where it has come as far as the reader with other events', async () => {
      await told('1', '2');
      const { next } = await read(null);
      await asOwner('truncate outbox restart identity');
      await told('one', 'two', 'three');
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
    const age = (reasonsOfOld: string[]) =>
      db
        .updateTable('outbox')
        .set({ occurred_at: sql<Date>`now() - interval '31 days'` })
        .where(sql<boolean>`data->>'reason' = any(${reasonsOfOld}::text[])`)
        .execute();

    it('has what is younger, and knows a reader who has missed nothing', async () => {
      await told('1', '2', '3');
      const behind = await read(null, { limit: 1 });
      const upToDate = await read(null);
      await age(['1', '2', '3']);
      await purgeOutbox(db, 30);
      assert.equal((await read(upToDate.next)).restarted, false);
      await told('4');
      assert.deepEqual(reasons(await read(upToDate.next)), ['4']);
      const late = await read(behind.next);
      assert.deepEqual([reasons(late), late.restarted], [['3', '4'], true], 'who is too late is told');
    });

    it('has everything where nothing is old', async () => {
      await told('1', '2');
      await purgeOutbox(db, 30);
      assert.deepEqual(reasons(await read(null)), ['1', '2']);
    });

    it('is through with more than a batch', async () => {
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
