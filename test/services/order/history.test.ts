import assert from 'node:assert/strict';
import { orderStage } from './test-order-service.ts';

describe('order service: live history', () => {
  const stage = orderStage();
  const follow = (orderId: string, after = 0) => stage.requests.followStory({ orderId, after });
  const moves = (after: number | null, patienceMs = 0) => stage.requests.followMoves({ after, patienceMs });

  it('is returned from any position on', async () => {
    const orderId = await stage.placed();
    await stage.activities.noteSteps(stage.note(orderId, 'record', 'reserveStock', 'authorizePayment'));
    const { items, more, ended } = await follow(orderId);
    assert.deepEqual(
      items.map(({ step }) => step),
      ['record', 'reserveStock', 'authorizePayment'],
    );
    assert.deepEqual([more, ended], [false, false]);
    const rest = await follow(orderId, items[1]!.position);
    assert.deepEqual(
      rest.items.map(({ step }) => step),
      ['authorizePayment'],
    );
  });

  it('is returned whole after a position that it never had', async () => {
    const [one, other] = [await stage.placed(), await stage.placed()];
    await stage.activities.noteSteps(stage.note(one, 'record', 'reserveStock'));
    await stage.activities.noteSteps(stage.note(other, 'record', 'reserveStock'));
    const positions = (await follow(other)).items.map(({ position }) => position);
    for (const after of [...positions, positions.at(-1)! + 1, 999_999_999_999_999]) {
      const { items } = await follow(one, after);
      assert.deepEqual(
        items.map(({ step }) => step),
        ['record', 'reserveStock'],
        String(after),
      );
    }
  });

  it('names the orders that moved, as soon as they move', async () => {
    const orderId = await stage.placed();
    const { next, orderIds } = await moves(null);
    assert.deepEqual(orderIds, []);
    assert.deepEqual((await moves(next)).orderIds, []);
    const waiting = moves(next, 25_000);
    await stage.activities.noteSteps(stage.note(orderId, 'record'));
    const moved = await waiting;
    assert.deepEqual([moved.orderIds, moved.restarted], [[orderId], false]);
    assert.deepEqual((await moves(moved.next)).orderIds, []);
  });

  it('ends when the order can no longer change', async () => {
    const ended = async (orderId: string) => (await follow(orderId)).ended;
    const completed = await stage.delivered();
    assert.equal(await ended(completed), false);
    const requested = await stage.sendBack(completed);
    await stage.activities.completeOrder(stage.note(completed, 'complete'));
    assert.equal(await ended(completed), false, 'goods are on their way back');
    await stage.receive(requested);
    assert.equal(await ended(completed), false);
    await stage.refund(requested);
    assert.equal(await ended(completed), true);
    const skipped = await stage.delivered();
    const notRefunded = await stage.sendBack(skipped);
    await stage.receive(notRefunded);
    await stage.activities.completeOrder(stage.note(skipped, 'complete'));
    assert.equal(await ended(skipped), false);
    const before = await moves(null);
    await stage.skipRefund(notRefunded);
    assert.equal(await ended(skipped), true);
    assert.deepEqual((await moves(before.next)).orderIds, [skipped], 'streams learn of it');
    const rejected = await stage.placed();
    await stage.activities.rejectOrder({
      ...stage.note(rejected, 'reject'),
      paymentStatus: 'not_paid',
      fulfillmentStatus: 'not_fulfilled',
      rejection: { code: 'OutOfStock', detail: 'none left' },
    });
    assert.equal(await ended(rejected), true);
  });
});
