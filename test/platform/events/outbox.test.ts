import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import { CloudEvent } from '../../../platform/contract/event.ts';
import { inventoryEvents } from '../../../activities/inventory.ts';
import { once } from '../../../platform/contract/effect.ts';
import { createOutbox, createOutboxWriter } from '../../../platform/events/outbox.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('the outbox', () => {
  let database: FreshDatabase<InventoryDatabase>;
  let db: Kysely<InventoryDatabase>;
  const write = createOutboxWriter('inventory', inventoryEvents);

  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<InventoryDatabase>('inventory');
    db = database.db;
  });
  after(() => database.drop());

  const publish = (work: Transaction<InventoryDatabase>, orderId: string, reason = 'because') =>
    write(work, { type: 'inventory.reservation_failed', subject: orderId, data: { orderId, reason } });
  const change = (work: Transaction<InventoryDatabase>, sku: string) =>
    work.insertInto('stock').values({ sku, on_hand: 1, reserved: 0 }).execute();
  /** Counts the committed rows of a change and of its event. */
  const kept = async (subject: string) => ({
    changes: (await db.selectFrom('stock').where('sku', '=', subject).select('sku').execute()).length,
    events: (await db.selectFrom('outbox').where('subject', '=', subject).select('id').execute()).length,
  });

  it('commits an event with its change', async () => {
    const id = randomUUID();
    await db.transaction().execute(async (work) => {
      await change(work, id);
      await publish(work, id);
      assert.deepEqual(await kept(id), { changes: 0, events: 0 }, 'the event is visible before the commit');
    });
    assert.deepEqual(await kept(id), { changes: 1, events: 1 });
  });

  it('rolls an event back with its change, in either order', async () => {
    const id = randomUUID();
    const orders = [
      async (work: Transaction<InventoryDatabase>) => (await change(work, id), await publish(work, id)),
      async (work: Transaction<InventoryDatabase>) => (await publish(work, id), await change(work, id)),
    ];
    for (const act of orders) {
      const transaction = db.transaction().execute(async (work) => {
        await act(work);
        throw new Error('a fault');
      });
      await assert.rejects(transaction, /a fault/);
      assert.deepEqual(await kept(id), { changes: 0, events: 0 });
    }
  });

  it('rolls an event back with a refused effect', async () => {
    const id = randomUUID();
    const refused = once(db, { subject: id, step: 'try' }, async (work) => {
      await change(work, id);
      await publish(work, id);
      throw new Refusal('No', 'not today');
    });
    await assert.rejects(refused, { code: 'No' });
    assert.deepEqual(await kept(id), { changes: 0, events: 0 });
  });

  it('rejects an event that violates its contract, and rolls back the change', async () => {
    const id = randomUUID();
    const transaction = db.transaction().execute(async (work) => {
      await change(work, id);
      await publish(work, 'not an order id');
    });
    await assert.rejects(transaction, { name: 'ZodError' });
    assert.deepEqual(await kept(id), { changes: 0, events: 0 });
  });

  it('stores complete CloudEvents, in the order of writing', async () => {
    const id = randomUUID();
    await db.transaction().execute(async (work) => {
      for (const reason of ['first', 'second', 'third']) await publish(work, id, reason);
    });
    const rows = await db.selectFrom('outbox').selectAll().where('subject', '=', id).orderBy('sequence').execute();
    const events = rows.map(({ id: eventId, source, type, subject, data, occurred_at }) =>
      CloudEvent.parse({
        specversion: '1.0',
        id: eventId,
        source,
        type,
        subject,
        time: occurred_at.toISOString(),
        datacontenttype: 'application/json',
        data,
      }),
    );
    assert.deepEqual(
      events.map(({ data }) => data.reason),
      ['first', 'second', 'third'],
    );
    assert.equal(new Set(events.map((event) => event.id)).size, 3);
    assert.equal(events[0]!.source, '/services/inventory');
  });

  it('writes events in the statement of their change, in order, and only if the change happens', async () => {
    const outbox = createOutbox('inventory', inventoryEvents);
    const id = randomUUID();
    const events = ['first', 'second', 'third'].map((reason) => ({
      type: 'inventory.reservation_failed' as const,
      subject: id,
      data: { orderId: id, reason },
    }));
    const changeOnce = () =>
      sql`
        with change as (
          insert into stock (sku, on_hand, reserved) values (${id}, 1, 0) on conflict do nothing returning sku
        )
        ${outbox.insert('change', events)}`.execute(db);
    await changeOnce();
    await changeOnce();
    const rows = await db.selectFrom('outbox').select('data').where('subject', '=', id).orderBy('sequence').execute();
    assert.deepEqual(
      rows.map(({ data }) => (data as { reason: string }).reason),
      ['first', 'second', 'third'],
    );
  });

  it('rejects an event of a statement that violates its contract', () => {
    const outbox = createOutbox('inventory', inventoryEvents);
    const event = { type: 'inventory.reservation_failed' as const, subject: 'x', data: { orderId: 'x', reason: 'y' } };
    assert.throws(() => outbox.insert('change', [event]), { name: 'ZodError' });
  });
});
