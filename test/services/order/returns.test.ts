import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Return } from '../../../activities/return.ts';
import { connect } from '../../../platform/database/connection.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { eventually } from '../../stage/eventually.ts';
import { draft, everything, orderStage, refusedAs, resellable, teapots } from './test-order-service.ts';

async function waitingForLocks(db: Kysely<OrderDatabase>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows[0]!.count;
}

describe('order service: requested returns', () => {
  const stage = orderStage();
  const { receive, refund } = stage;

  it('are stored, and returned again to a repeat', async () => {
    const request = draft();
    const orderId = await stage.delivered(request);
    const stored = await stage.sendBack(orderId, { lines: everything });
    const { createdAt: _createdAt, updatedAt: _updatedAt, id, ...rest } = stored;
    assert.deepEqual(rest, {
      orderId,
      customerId: request.customerId,
      status: 'requested',
      lines: everything,
      received: [],
      refund: null,
      reason: 'broken',
    });
    assert.deepEqual(await stage.sendBack(orderId, { returnId: id, lines: everything }), stored);
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, [stored]);
  });

  it('are returned to a repeat even when they could no longer be requested', async () => {
    const orderId = await stage.delivered();
    const stored = await stage.sendBack(orderId, { lines: everything });
    await receive(stored);
    await refund(stored);
    assert.equal((await stage.sendBack(orderId, { returnId: stored.id, lines: everything })).status, 'refunded');
  });

  it('are refused with the id of another return', async () => {
    const [orderId, other] = [await stage.delivered(), await stage.delivered()];
    const { id: returnId } = await stage.sendBack(orderId);
    const differing = [{ lines: [teapots(2)] }, { reason: 'late' }];
    for (const difference of differing) {
      await assert.rejects(stage.sendBack(orderId, { returnId, ...difference }), refusedAs('ReturnDiffers'));
    }
    await assert.rejects(stage.sendBack(other, { returnId }), refusedAs('ReturnDiffers'));
  });

  it('are refused for an order that is unknown, or not placed yet', async () => {
    await assert.rejects(stage.sendBack(randomUUID()), refusedAs('OrderNotFound'));
    const { order } = await stage.requests.placeOrder(draft());
    await assert.rejects(stage.sendBack(order.id), refusedAs('OrderNotFound'));
  });

  it('are refused before delivery', async () => {
    for (const orderId of [await stage.placed(), await stage.confirmed(), await stage.captured()]) {
      await assert.rejects(stage.sendBack(orderId), refusedAs('NotReturnable'));
    }
  });

  it('are refused after the window has closed', async () => {
    const orderId = await stage.delivered();
    const past = new Date(Date.now() - 1000);
    const { db } = stage.database;
    await db.updateTable('orders').set({ returnable_until: past }).where('id', '=', orderId).execute();
    await assert.rejects(stage.sendBack(orderId), refusedAs('NotReturnable'));
  });

  it('are refused once the workflow has closed the window, whatever time it had', async () => {
    const orderId = await stage.delivered();
    await stage.activities.completeOrder(stage.note(orderId));
    await assert.rejects(stage.sendBack(orderId), refusedAs('NotReturnable'));
  });

  it('are refused for more than was ordered, even in two lines, and for other items', async () => {
    const orderId = await stage.delivered();
    for (const lines of [[teapots(4)], [teapots(2), teapots(2)], [{ sku: 'mug', quantity: 1 }]]) {
      await assert.rejects(stage.sendBack(orderId, { lines }), refusedAs('TooMany'));
    }
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, []);
  });

  it('count requested, received and refunded items', async () => {
    const orderId = await stage.delivered();
    const [first, second] = [await stage.sendBack(orderId), await stage.sendBack(orderId)];
    await assert.rejects(stage.sendBack(orderId, { lines: [teapots(2)] }), refusedAs('TooMany'));
    await receive(first);
    await assert.rejects(stage.sendBack(orderId, { lines: [teapots(2)] }), refusedAs('TooMany'));
    await refund(first);
    await assert.rejects(stage.sendBack(orderId, { lines: [teapots(2)] }), refusedAs('TooMany'));
    await receive(second);
    await stage.sendBack(orderId, { lines: [teapots(1)] });
    await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
  });

  it('count only the received items once the goods arrived', async () => {
    const orderId = await stage.delivered();
    await receive(await stage.sendBack(orderId, { lines: [teapots(3)] }), [resellable(teapots(1))]);
    await stage.sendBack(orderId, { lines: [teapots(2)] });
    await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
  });

  it('for the last items succeed exactly once when requested concurrently', async () => {
    const orderId = await stage.delivered();
    const requests: Promise<Return>[] = [];
    const holder: Kysely<OrderDatabase> = connect(stage.database.ownerUrl, 2);
    // Holds the order's lock until all requests wait for it.
    await holder.transaction().execute(async (work) => {
      await work.selectFrom('orders').select('id').where('id', '=', orderId).forUpdate().execute();
      for (let count = 0; count < 6; count++) requests.push(stage.sendBack(orderId, { lines: [teapots(3)] }));
      await eventually(async () => assert.equal(await waitingForLocks(holder), 6));
    });
    const outcomes = await Promise.allSettled(requests);
    await holder.destroy();
    const [won, lost] = ['fulfilled', 'rejected'].map((how) => outcomes.filter(({ status }) => status === how));
    assert.deepEqual([won!.length, lost!.length], [1, 5]);
    for (const outcome of lost!) assert.equal((outcome as PromiseRejectedResult).reason.code, 'TooMany');
  });

  it('are listed newest first', async () => {
    const orderId = await stage.delivered();
    const stored = [await stage.sendBack(orderId), await stage.sendBack(orderId), await stage.sendBack(orderId)];
    const inOrder = stored.toSorted((a, b) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? 1 : -1));
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, inOrder);
  });
});
