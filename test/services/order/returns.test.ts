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

describe('order service: returns asked for', () => {
  const stage = orderStage();
  const { receive, refund } = stage;

  it('are kept, and answered again to a repeat', async () => {
    const asked = draft();
    const orderId = await stage.delivered(asked);
    const kept = await stage.sendBack(orderId, { lines: everything });
    const { createdAt: _createdAt, updatedAt: _updatedAt, id, ...rest } = kept;
    assert.deepEqual(rest, {
      orderId,
      customerId: asked.customerId,
      status: 'requested',
      lines: everything,
      received: [],
      refund: null,
      reason: 'broken',
    });
    assert.deepEqual(await stage.sendBack(orderId, { returnId: id, lines: everything }), kept);
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, [kept]);
  });

  it('are answered to a repeat also when they could not be asked for any more', async () => {
    const orderId = await stage.delivered();
    const kept = await stage.sendBack(orderId, { lines: everything });
    await receive(kept);
    await refund(kept);
    assert.equal((await stage.sendBack(orderId, { returnId: kept.id, lines: everything })).status, 'refunded');
  });

  it('are refused under the id of another one', async () => {
    const [orderId, other] = [await stage.delivered(), await stage.delivered()];
    const { id: returnId } = await stage.sendBack(orderId);
    const differing = [{ lines: [teapots(2)] }, { reason: 'late' }];
    for (const difference of differing) {
      await assert.rejects(stage.sendBack(orderId, { returnId, ...difference }), refusedAs('ReturnDiffers'));
    }
    await assert.rejects(stage.sendBack(other, { returnId }), refusedAs('ReturnDiffers'));
  });

  it('are refused for an order that is not known, or not placed yet', async () => {
    await assert.rejects(stage.sendBack(randomUUID()), refusedAs('OrderNotFound'));
    const { order } = await stage.requests.draftOrder(draft());
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

  it('are refused for more than was bought, also in two lines, and for what was not', async () => {
    const orderId = await stage.delivered();
    for (const lines of [[teapots(4)], [teapots(2), teapots(2)], [{ sku: 'mug', quantity: 1 }]]) {
      await assert.rejects(stage.sendBack(orderId, { lines }), refusedAs('TooMany'));
    }
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, []);
  });

  it('count what is on its way back, what has come and what was paid back', async () => {
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

  it('count only what came of what was announced', async () => {
    const orderId = await stage.delivered();
    await receive(await stage.sendBack(orderId, { lines: [teapots(3)] }), [resellable(teapots(1))]);
    await stage.sendBack(orderId, { lines: [teapots(2)] });
    await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
  });

  it('at once for the last piece: exactly one has it', async () => {
    const orderId = await stage.delivered();
    const asking: Promise<Return>[] = [];
    const before: Kysely<OrderDatabase> = connect(stage.database.ownerUrl, 2);
    // Whoever holds the order keeps all of them waiting until the last has come.
    await before.transaction().execute(async (work) => {
      await work.selectFrom('orders').select('id').where('id', '=', orderId).forUpdate().execute();
      for (let count = 0; count < 6; count++) asking.push(stage.sendBack(orderId, { lines: [teapots(3)] }));
      await eventually(async () => assert.equal(await waitingForLocks(before), 6));
    });
    const outcomes = await Promise.allSettled(asking);
    await before.destroy();
    const [won, lost] = ['fulfilled', 'rejected'].map((how) => outcomes.filter(({ status }) => status === how));
    assert.deepEqual([won!.length, lost!.length], [1, 5]);
    for (const outcome of lost!) assert.equal((outcome as PromiseRejectedResult).reason.code, 'TooMany');
  });

  it('are listed newest first', async () => {
    const orderId = await stage.delivered();
    const kept = [await stage.sendBack(orderId), await stage.sendBack(orderId), await stage.sendBack(orderId)];
    const inOrder = kept.toSorted((a, b) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? 1 : -1));
    assert.deepEqual((await stage.requests.listReturns({ orderId })).items, inOrder);
  });
});
