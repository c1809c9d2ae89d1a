import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Page, PageRequest } from '../../../platform/contract/operation.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import { encodeAge, encodeCursor } from '../../../platform/database/cursor.ts';
import { connect } from '../../../platform/database/connection.ts';
import { draft, kettle, orderStage, refusedAs, teapots } from './test-order-service.ts';

/** Reads a list page by page; returns all items and the lengths of the pages. */
async function readAllPages<Item>(list: (page: PageRequest) => Promise<Page<Item>>, limit: number) {
  const pages: Item[][] = [];
  let after: string | undefined;
  do {
    const { items, next } = await list({ limit, ...(after !== undefined && { after }) });
    pages.push(items);
    after = next ?? undefined;
  } while (after !== undefined);
  return { items: pages.flat(), lengths: pages.map(({ length }) => length) };
}

const INVALID_CURSORS: Record<string, string> = {
  garbage: 'garbage',
  'an empty key': encodeCursor([]),
  'a key of another list': encodeCursor([randomUUID()]),
  'an invalid time': encodeCursor(['yesterday', randomUUID()]),
  'a time in another format': encodeCursor(['1', randomUUID()]),
  'a time before PostgreSQL’s range': encodeAge({ at: new Date(-8.64e15), id: randomUUID() }),
  'a time after PostgreSQL’s range': encodeAge({ at: new Date(8.64e15), id: randomUUID() }),
  'an invalid id': encodeCursor([new Date().toISOString(), "' or true --"]),
  'a key of numbers': Buffer.from('[1,2]').toString('base64url'),
};

describe('order service: lists', () => {
  const stage = orderStage();
  const customerId = randomUUID();
  const ids: string[] = [];

  before(async () => {
    // With an index in the right order, a missing `order by` would go unnoticed.
    const owner: Kysely<unknown> = connect(stage.database.ownerUrl, 1);
    await sql`drop index orders_of_customer, orders_by_age, orders_by_status, interventions_by_age`.execute(owner);
    await owner.destroy();
    for (let index = 0; index < 9; index++) ids.push(await stage.placed({ customerId }));
    const { db } = stage.database;
    // Five with the same time, in the middle of the list.
    const at = (index: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, index < 2 ? index : index < 7 ? 2 : index));
    for (const [index, id] of ids.entries()) {
      await db
        .updateTable('orders')
        .set({ created_at: at(index) })
        .where('id', '=', id)
        .execute();
    }
    await stage.activities.confirmOrder({ ...stage.note(ids[1]!), trackingNumber: 'SB-1' });
    await stage.activities.confirmOrder({ ...stage.note(ids[4]!), trackingNumber: 'SB-4' });
    // Drafts that no workflow has recorded.
    await stage.requests.placeOrder(draft({ customerId }));
    await stage.requests.placeOrder(draft());
  });

  const newestFirst = () => {
    const equals = ids.slice(2, 7).toSorted().toReversed();
    return [ids[8], ids[7], ...equals, ids[1], ids[0]];
  };
  const orders = (filter: object) => (page: PageRequest) => stage.requests.listOrders({ ...filter, ...page });
  const summaries = (page: PageRequest) => stage.requests.listBooks(page);
  const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);

  for (const limit of [1, 2, 3, 8, 9, 10]) {
    it(`show a customer’s orders newest first, ${limit} per page, without duplicates or gaps`, async () => {
      const { items, lengths } = await readAllPages(orders({ customerId }), limit);
      assert.deepEqual(idsOf(items), newestFirst());
      assert.deepEqual(lengths, [...Array<number>(Math.ceil(9 / limit) - 1).fill(limit), 9 % limit || limit]);
    });
  }

  it('have no gaps or duplicates while new orders arrive', async () => {
    const mine = randomUUID();
    const old = [await stage.placed({ customerId: mine }), await stage.placed({ customerId: mine })];
    const first = await stage.requests.listOrders({ customerId: mine, limit: 1 });
    await stage.placed({ customerId: mine });
    const rest = await stage.requests.listOrders({ customerId: mine, limit: 9, after: first.next! });
    assert.deepEqual(idsOf([...first.items, ...rest.items]).toSorted(), old.toSorted());
  });

  it('show orders as getOrder does', async () => {
    const { items } = await stage.requests.listOrders({ customerId, limit: 1 });
    assert.deepEqual(items[0], await stage.requests.getOrder({ orderId: ids[8]! }));
  });

  it('can be filtered by status, for one customer or for all', async () => {
    const { items: mine } = await readAllPages(orders({ customerId, status: 'confirmed' }), 1);
    assert.deepEqual(idsOf(mine), [ids[4], ids[1]]);
    const other = await stage.confirmed();
    const { items: all } = await readAllPages(orders({ status: 'confirmed' }), 2);
    assert.deepEqual(new Set(idsOf(all)), new Set([other, ids[4], ids[1]]));
    assert.deepEqual((await stage.requests.listOrders({ customerId: randomUUID(), limit: 9 })).items, []);
  });

  it('never show a draft', async () => {
    const { order } = await stage.requests.placeOrder(draft());
    const { items } = await readAllPages(orders({}), 100);
    const { items: summarized } = await readAllPages(summaries, 100);
    assert.ok(items.length > 0 && !idsOf(items).includes(order.id));
    assert.ok(summarized.length > 0 && !summarized.some(({ orderId }) => orderId === order.id));
  });

  for (const [what, after] of Object.entries(INVALID_CURSORS)) {
    it(`refuse ${what} as a cursor`, async () => {
      await assert.rejects(stage.requests.listOrders({ limit: 1, after }), refusedAs('BadCursor'));
      await assert.rejects(stage.requests.listInterventions({ limit: 1, after }), refusedAs('BadCursor'));
    });
  }

  it('continue from any valid time', async () => {
    for (const [at, length] of [
      ['0001-01-01T00:00:00.000Z', 0],
      ['9999-12-31T23:59:59.999Z', 9],
    ] as const) {
      const after = encodeAge({ at: new Date(at), id: randomUUID() });
      assert.equal((await stage.requests.listOrders({ customerId, limit: 9, after })).items.length, length);
    }
  });

  it('show interventions newest first, then by id, and filter them by state', async () => {
    const orderId = await stage.confirmed();
    const opened: string[] = [];
    for (let index = 0; index < 6; index++) opened.push(await stage.opened(orderId, 'commitStock'));
    const { db } = stage.database;
    const moment = { opened_at: new Date('2026-02-01T00:00:00Z') };
    await db.updateTable('interventions').set(moment).where('id', 'in', opened.slice(1)).execute();
    const expected = [opened[0], ...opened.slice(1).toSorted().toReversed()];
    for (const limit of [1, 2, 6, 7]) {
      const { items } = await readAllPages((page) => stage.requests.listInterventions(page), limit);
      assert.deepEqual(idsOf(items), expected);
    }
    await stage.closed(orderId, opened[2]!, 'retry');
    const open = await readAllPages((page) => stage.requests.listInterventions({ state: 'open', ...page }), 2);
    assert.deepEqual(
      idsOf(open.items),
      expected.filter((id) => id !== opened[2]),
    );
    const resolved = await readAllPages((page) => stage.requests.listInterventions({ state: 'resolved', ...page }), 2);
    assert.deepEqual(idsOf(resolved.items), [opened[2]]);
  });

  describe('for reconciliation', () => {
    it('contain every recorded order once, by ascending id', async () => {
      const { items } = await readAllPages(summaries, 3);
      const summarized = items.map(({ orderId }) => orderId);
      assert.deepEqual(summarized, [...new Set(summarized)].toSorted());
      for (const id of ids) assert.ok(summarized.includes(id));
    });

    it('contain what was ordered, refunded and restocked', async () => {
      const request = draft();
      const orderId = await stage.delivered(request);
      const receive = async (goods: { sku: string; quantity: number; condition: 'resellable' | 'damaged' }[]) => {
        const lines = [...Map.groupBy(goods, ({ sku }) => sku)].map(([sku, parts]) => ({
          sku,
          quantity: parts.reduce((sum, { quantity }) => sum + quantity, 0),
        }));
        const { id: returnId } = await stage.sendBack(orderId, { lines });
        await stage.activities.receiveReturn({ ...stage.note(orderId), returnId, lines: goods });
        await stage.activities.refundReturn({ ...stage.note(orderId), returnId });
      };
      await receive([
        { sku: 'teapot', quantity: 1, condition: 'resellable' },
        { sku: 'teapot', quantity: 1, condition: 'damaged' },
        { sku: 'kettle', quantity: 1, condition: 'damaged' },
      ]);
      await receive([{ sku: 'teapot', quantity: 1, condition: 'resellable' }]);
      const { items } = await readAllPages(summaries, 100);
      const { updatedAt } = await stage.requests.getOrder({ orderId });
      assert.deepEqual(
        items.find((book) => book.orderId === orderId),
        {
          orderId,
          status: 'confirmed',
          paymentStatus: 'refunded',
          fulfillmentStatus: 'returned',
          total: request.total,
          lines: request.lines.map(({ sku, quantity }) => ({ sku, quantity })),
          canceledMinor: 0,
          capturedMinor: 5500,
          refundedMinor: 5500,
          canceled: [],
          parcels: [{ id: orderId, trackingNumber: 'SB-1', status: 'delivered' }],
          restocked: [{ sku: 'teapot', quantity: 2 }],
          awaitsCustomerUntil: null,
          trackingNumber: 'SB-1',
          updatedAt,
        },
      );
    });

    it('contain all parcels, what was captured and what is not sent, and until when the customer may pay', async () => {
      const orderId = await stage.confirmed();
      const [first, second] = await stage.split(orderId, [[teapots(1)], [teapots(1), kettle]], {
        canceledLines: [teapots(1)],
      });
      await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: first! });
      await stage.activities.captureOrder({ ...stage.note(orderId), parcelId: first! });
      const until = new Date(Date.now() + 60_000).toISOString();
      await stage.activities.awaitPaymentMethod({ ...stage.note(orderId), until });
      const { items } = await readAllPages(summaries, 100);
      const book = items.find((item) => item.orderId === orderId)!;
      assert.deepEqual(
        book.parcels?.map(({ id, status }) => [id, status]),
        [
          [orderId, 'canceled'],
          [first, 'dispatched'],
          [second, 'booked'],
        ],
      );
      assert.deepEqual([book.capturedMinor, book.canceled], [1000, [teapots(1)]]);
      assert.equal(book.awaitsCustomerUntil, until);
    });

    it('refuse an invalid cursor', async () => {
      for (const after of ['garbage', encodeCursor(['-'.repeat(36)]), encodeCursor([randomUUID(), randomUUID()])]) {
        await assert.rejects(stage.requests.listBooks({ limit: 1, after }), refusedAs('BadCursor'));
      }
    });
  });

  describe('of an order’s history entries', () => {
    const steps = ['record', 'reserveStock', 'authorizePayment', 'bookShipment', 'confirm'] as const;

    it('contain each entry once, in the order recorded, whatever its time', async () => {
      const orderId = await stage.placed();
      const note = stage.note(orderId, ...steps);
      const part = (from: number, to: number): OrderUpdate => ({ ...note, entries: note.entries.slice(from, to) });
      note.entries[3]!.at = '2020-01-01T00:00:00.000Z';
      await stage.activities.noteSteps(part(0, 2));
      await Promise.all([stage.activities.noteSteps(part(1, 4)), stage.activities.noteSteps(part(1, 4))]);
      await stage.activities.noteSteps(part(0, 5));
      assert.deepEqual(await stage.steps(orderId), steps);
      const { version, status } = await stage.requests.getOrder({ orderId });
      assert.deepEqual([version, status], [2, 'pending']);
    });

    it('keep the first version of an entry', async () => {
      const orderId = await stage.placed();
      const note = stage.note(orderId, 'reserveStock');
      const entry = { ...note.entries[0]!, attempt: 3, detail: 'third time lucky' };
      await stage.activities.noteSteps({ ...note, entries: [entry] });
      await stage.activities.noteSteps({ ...note, entries: [{ ...entry, attempt: 4, detail: 'another detail' }] });
      const { sequence: _sequence, ...recorded } = entry;
      assert.deepEqual(await stage.requests.getHistory({ orderId }), { items: [recorded] });
    });

    it('keep the entries of two workflows with the same sequence numbers', async () => {
      const orderId = await stage.placed();
      const note = stage.note(orderId, 'complete');
      await stage.activities.noteSteps(note);
      const [entry] = note.entries;
      const other = { ...note, workflowId: 'return-1', entries: [{ ...entry!, step: 'requestReturn' as const }] };
      await stage.activities.noteSteps(other);
      assert.deepEqual(await stage.steps(orderId), ['complete', 'requestReturn']);
    });

    it('cannot be changed or deleted by the service itself', async () => {
      const orderId = await stage.placed();
      await stage.activities.noteSteps(stage.note(orderId, 'record'));
      const { db } = stage.database;
      const denied = /permission denied/;
      await assert.rejects(db.updateTable('order_history').set({ detail: 'never mind' }).execute(), denied);
      await assert.rejects(db.deleteFrom('order_history').execute(), denied);
      await assert.rejects(db.schema.dropTable('order_history').execute(), /must be owner/);
      assert.deepEqual(await stage.steps(orderId), ['record']);
    });
  });
});
