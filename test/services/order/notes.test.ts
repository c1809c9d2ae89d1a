import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderStage, refusedAs } from './test-order-service.ts';

describe('order service: notes', () => {
  const stage = orderStage();
  const noteOn = (orderId: string, difference: object = {}) => ({
    noteId: randomUUID(),
    orderId,
    authorId: randomUUID(),
    text: 'called: leave it with the neighbour',
    ...difference,
  });

  it('say who wrote what and when, newest first, page by page', async () => {
    const orderId = await stage.placed();
    const authorId = randomUUID();
    const contact = { customer_id: authorId, email: 'grace@example.com', name: 'Grace Hopper' };
    await stage.database.db.insertInto('contacts').values(contact).execute();
    const first = await stage.requests.addNote(noteOn(orderId, { authorId }));
    assert.deepEqual(first.author, { id: authorId, name: 'Grace Hopper' });
    assert.ok(Math.abs(Date.parse(first.createdAt) - Date.now()) < 60_000);
    const second = await stage.requests.addNote(noteOn(orderId, { text: 'parcel is back' }));
    assert.equal(second.author.name, null);
    await stage.requests.addNote(noteOn(await stage.placed()));

    const page = await stage.requests.listNotes({ orderId, limit: 1 });
    const rest = await stage.requests.listNotes({ orderId, limit: 1, after: page.next! });
    const newestFirst = [first, second].toSorted((one, other) =>
      one.createdAt + one.id < other.createdAt + other.id ? 1 : -1,
    );
    assert.deepEqual([...page.items, ...rest.items, rest.next], [...newestFirst, null]);
  });

  it('are written once, however often they are sent', async () => {
    const note = noteOn(await stage.placed());
    const [first, again] = await Promise.all([stage.requests.addNote(note), stage.requests.addNote(note)]);
    assert.deepEqual(again, first);
    assert.deepEqual((await stage.requests.listNotes({ orderId: note.orderId, limit: 9 })).items, [first]);
    for (const difference of [{ text: 'other' }, { authorId: randomUUID() }, { orderId: await stage.placed() }]) {
      await assert.rejects(stage.requests.addNote({ ...note, ...difference }), refusedAs('NoteDiffers'));
    }
  });

  it('belong to an order', async () => {
    const orderId = randomUUID();
    await assert.rejects(stage.requests.addNote(noteOn(orderId)), refusedAs('OrderNotFound'));
    await assert.rejects(stage.requests.listNotes({ orderId, limit: 1 }), refusedAs('OrderNotFound'));
    const request = { orderId: await stage.placed(), limit: 1, after: 'garbage' };
    await assert.rejects(stage.requests.listNotes(request), refusedAs('BadCursor'));
  });

  it('cannot be changed or deleted by the service itself', async () => {
    await stage.requests.addNote(noteOn(await stage.placed()));
    const { db } = stage.database;
    await assert.rejects(db.updateTable('order_notes').set({ text: 'never mind' }).execute(), /permission denied/);
    await assert.rejects(db.deleteFrom('order_notes').execute(), /permission denied/);
  });
});
