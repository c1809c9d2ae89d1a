import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { users } from '../../../services/order/contacts.ts';
import { moveNext } from '../../../services/order/guest-claims.ts';
import { orderStage } from './test-order-service.ts';

describe('order service: orders of guests whom a user claimed', () => {
  const stage = orderStage();
  const tell = (type: string, data: object) =>
    stage.database.db.transaction().execute((work) => users.handlers[type]!({ data } as never, work as never));
  const claim = (guestId: string, userId: string) => tell('guest.claimed', { guestId, userId });
  const moveAll = async () => {
    while (await moveNext(stage.database.db));
  };
  const ownerOf = async (orderId: string) => (await stage.requests.getOrder({ orderId })).customerId;
  const ordersOf = async (customerId: string) =>
    (await stage.requests.listOrders({ customerId, limit: 100 })).items.map(({ id }) => id);
  const letPass = (time: string) =>
    stage.database.db
      .updateTable('guest_claims')
      .set({ claimed_at: sql`claimed_at - ${time}::interval`, due_at: sql`due_at - ${time}::interval` })
      .execute();
  const claimOf = (guestId: string) =>
    stage.database.db.selectFrom('guest_claims').selectAll().where('guest_id', '=', guestId).executeTakeFirstOrThrow();
  const people = () => ({ guestId: randomUUID(), userId: randomUUID() });

  it('move to the user with their returns, and only these', async () => {
    const { guestId, userId } = people();
    const mine = [await stage.confirmed({ customerId: guestId }), await stage.delivered({ customerId: guestId })];
    const { id: returnId } = await stage.sendBack(mine[1]!);
    const other = await stage.confirmed();
    const otherOwner = await ownerOf(other);
    const before = await stage.requests.getOrder({ orderId: mine[0]! });
    await claim(guestId, userId);
    await moveAll();
    assert.deepEqual((await ordersOf(userId)).toSorted(), mine.toSorted());
    assert.deepEqual(await ordersOf(guestId), []);
    assert.equal((await stage.requests.getReturn({ returnId })).customerId, userId);
    assert.equal(await ownerOf(other), otherOwner);
    const after = await stage.requests.getOrder({ orderId: mine[0]! });
    assert.deepEqual(after, { ...before, customerId: userId, version: before.version + 1 });
  });

  it('are told about to the user from then on', async () => {
    const { guestId, userId } = people();
    const orderId = await stage.confirmed({ customerId: guestId });
    await claim(guestId, userId);
    await moveAll();
    await stage.activities.dispatchOrder(stage.note(orderId));
    const rows = await stage.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();
    assert.deepEqual(
      rows.map(({ type, data }) => [type, (data as { customerId: string }).customerId]),
      [
        ['order.placed', guestId],
        ['order.confirmed', guestId],
        ['order.shipped', userId],
      ],
    );
  });

  it('move once, though the claim is told again and by several processes', async () => {
    const { guestId, userId } = people();
    const orderId = await stage.confirmed({ customerId: guestId });
    const { version } = await stage.requests.getOrder({ orderId });
    await claim(guestId, userId);
    await claim(guestId, randomUUID());
    await Promise.all([moveAll(), moveAll(), moveAll()]);
    await letPass('1 minute');
    await moveAll();
    assert.partialDeepStrictEqual(await stage.requests.getOrder({ orderId }), {
      customerId: userId,
      version: version + 1,
    });
  });

  it('move when they are decided: until then the guest acts', async () => {
    const { guestId, userId } = people();
    const pending = await stage.placed({ customerId: guestId });
    await claim(guestId, userId);
    await moveAll();
    assert.equal(await ownerOf(pending), guestId);
    await stage.activities.confirmOrder({ ...stage.note(pending), trackingNumber: 'SB-2' });
    await letPass('2 seconds');
    await moveAll();
    assert.equal(await ownerOf(pending), userId);
  });

  it('move also if they were being placed when the guest was claimed', async () => {
    const { guestId, userId } = people();
    await claim(guestId, userId);
    await moveAll();
    const late = await stage.confirmed({ customerId: guestId });
    await moveAll();
    assert.deepEqual([await ownerOf(late), (await claimOf(guestId)).settled_at], [guestId, null]);
    await letPass('1 minute');
    await moveAll();
    assert.equal(await ownerOf(late), userId);
    assert.notEqual((await claimOf(guestId)).settled_at, null);
    // It is told once more if an order came even later.
    const later = await stage.confirmed({ customerId: guestId });
    await claim(guestId, randomUUID());
    await moveAll();
    assert.equal(await ownerOf(later), userId);
  });

  it('move in small steps, however many there are', async () => {
    const { guestId, userId } = people();
    const like = await stage.confirmed({ customerId: guestId });
    await sql`
      insert into orders (id, customer_id, status, payment_status, fulfillment_status, lines, total_minor, currency,
                          shipping_address, payment_method, recorded_at)
      select gen_random_uuid(), customer_id, status, payment_status, fulfillment_status, lines, total_minor, currency,
             shipping_address, payment_method, recorded_at
        from orders, generate_series(1, 249) where id = ${like}`.execute(stage.database.db);
    await claim(guestId, userId);
    const steps = [];
    while (await moveNext(stage.database.db)) steps.push((await countOf(userId)).length);
    assert.deepEqual(steps, [100, 200, 250]);
  });
  const countOf = (customerId: string) =>
    stage.database.db.selectFrom('orders').select('id').where('customer_id', '=', customerId).execute();

  it('take a return along that is requested at the same moment', async () => {
    const { guestId, userId } = people();
    const orderId = await stage.delivered({ customerId: guestId });
    await claim(guestId, userId);
    const [{ id: returnId }] = await Promise.all([stage.sendBack(orderId), moveAll()]);
    await letPass('1 minute');
    await moveAll();
    assert.equal((await stage.requests.getReturn({ returnId })).customerId, userId);
  });

  it('are found by the address of the guest before, and of the user after', async () => {
    const { guestId, userId } = people();
    const [theirs, mine] = [`${guestId}@example.com`, `${userId}@example.com`];
    await tell('guest.updated', { guestId, email: theirs, name: 'Ada' });
    await tell('user.created', { userId, email: mine, name: 'Ada Lovelace', role: 'customer' });
    const orderId = await stage.confirmed({ customerId: guestId });
    const found = async (q: string) => (await stage.requests.searchOrders({ q, limit: 10 })).items.map(({ id }) => id);
    assert.deepEqual([await found(theirs), await found(mine)], [[orderId], []]);
    await claim(guestId, userId);
    await moveAll();
    assert.deepEqual([await found(theirs), await found(mine)], [[], [orderId]]);
    assert.deepEqual((await stage.requests.getContacts({ customerIds: [guestId] })).items, []);
  });
});
