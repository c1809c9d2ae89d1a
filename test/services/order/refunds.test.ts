import assert from 'node:assert/strict';
import type { Return, ReceivedLine } from '../../../activities/return.ts';
import { everything, orderStage, pounds, refusedAs, resellable, teapots } from './test-order-service.ts';

describe('order service: returns', () => {
  const stage = orderStage();
  const { receive, refund, expire } = stage;
  const again = ({ id }: Return) => stage.requests.getReturn({ returnId: id });
  const refundedMinor = async (orderId: string) =>
    (
      await stage.database.db
        .selectFrom('orders')
        .select('refunded_minor')
        .where('id', '=', orderId)
        .executeTakeFirstOrThrow()
    ).refunded_minor;

  describe('received', () => {
    it('are worth what was paid, sellable or not', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId, { lines: everything });
      const goods: ReceivedLine[] = [
        resellable(teapots(1)),
        { ...teapots(2), condition: 'damaged' },
        resellable({ sku: 'kettle', quantity: 1 }),
      ];
      assert.deepEqual(await receive(kept, goods), { refund: pounds(5500) });
      const { status, received, refund: due } = await again(kept);
      assert.deepEqual([status, received, due], ['received', goods, pounds(5500)]);
    });

    it('again change nothing, and are worth what came first', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId, { lines: [teapots(3)] });
      const first = [resellable(teapots(2))];
      await receive(kept, first);
      assert.deepEqual(await receive(kept, [resellable(teapots(3))]), { refund: pounds(2000) });
      assert.deepEqual((await again(kept)).received, first);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    });

    it('that were never bought are nothing the books can pay for', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId);
      await assert.rejects(receive(kept, [resellable({ sku: 'mug', quantity: 1 })]), /no mug/);
      assert.equal((await again(kept)).status, 'requested');
      assert.deepEqual(await stage.steps(orderId), []);
    });
  });

  describe('refunded', () => {
    it('in part and then in whole show in the order, told once each', async () => {
      const orderId = await stage.delivered();
      const first = await stage.sendBack(orderId);
      await receive(first);
      await refund(first);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_refunded', 'partially_returned']);
      const second = await stage.sendBack(orderId, { lines: [teapots(2), { sku: 'kettle', quantity: 1 }] });
      await receive(second);
      await refund(second);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'refunded', 'returned']);
      assert.equal(await refundedMinor(orderId), 5500);
      const { db } = stage.database;
      const refunds = db.selectFrom('outbox').select('data').where('type', '=', 'order.refunded').orderBy('sequence');
      const told = await refunds.execute();
      assert.deepEqual(
        told.map(({ data }) => data as { orderId: string }).filter((data) => data.orderId === orderId),
        [first, second].map(({ id: returnId, customerId }, index) => ({
          orderId,
          customerId,
          returnId,
          refund: pounds([1000, 4500][index]!),
        })),
      );
    });

    it('again, and several times at once, are counted once', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId);
      await receive(kept);
      await Promise.all([1, 2, 3].map(() => refund(kept)));
      const before = await stage.requests.getOrder({ orderId });
      await refund(kept);
      assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
      assert.equal(await refundedMinor(orderId), 1000);
      assert.equal((await stage.events(orderId)).filter((type) => type === 'order.refunded').length, 1);
    });

    it('two at once are both counted', async () => {
      for (let round = 0; round < 5; round++) {
        const orderId = await stage.delivered();
        const kept = [
          await stage.sendBack(orderId, { lines: [teapots(3)] }),
          await stage.sendBack(orderId, { lines: [{ sku: 'kettle', quantity: 1 }] }),
        ];
        await Promise.all(kept.map((one) => receive(one)));
        await Promise.all(kept.map(refund));
        assert.equal(await refundedMinor(orderId), 5500);
        assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'refunded', 'returned']);
      }
    });

    it('before anything came are not booked', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId);
      await refund(kept);
      assert.equal((await again(kept)).status, 'requested');
      assert.equal(await refundedMinor(orderId), 0);
    });

    it('after the order was completed leave it completed', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId, { lines: everything });
      await stage.activities.completeOrder(stage.note(orderId));
      await receive(kept);
      await refund(kept);
      assert.deepEqual(await stage.statuses(orderId), ['completed', 'refunded', 'returned']);
    });

    for (const action of ['retry', 'skip'] as const) {
      it(`beside another one that a person is asked about survive that person’s ${action}`, async () => {
        const orderId = await stage.delivered();
        const [stuck, fine] = [await stage.sendBack(orderId), await stage.sendBack(orderId)];
        await Promise.all([receive(stuck), receive(fine)]);
        const interventionId = await stage.opened(orderId, 'refundPayment', `return-${stuck.id}`);
        await refund(fine);
        assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'requires_action', 'partially_returned']);
        await stage.closed(orderId, interventionId, action);
        const expected = action === 'retry' ? 'partially_refunded' : 'requires_action';
        assert.deepEqual(await stage.statuses(orderId), ['confirmed', expected, 'partially_returned']);
        assert.equal(await refundedMinor(orderId), 1000);
      });
    }

    it('after one that a person skipped do not hide it', async () => {
      const orderId = await stage.delivered();
      const [skipped, fine] = [await stage.sendBack(orderId), await stage.sendBack(orderId)];
      await Promise.all([receive(skipped), receive(fine)]);
      await stage.closed(orderId, await stage.opened(orderId, 'refundPayment', 'return-1'), 'skip');
      await refund(fine);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'partially_returned']);
    });
  });

  describe('given up', () => {
    it('set their pieces free', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId, { lines: [teapots(3)] });
      await expire(kept);
      await expire(kept);
      assert.equal((await again(kept)).status, 'expired');
      await stage.sendBack(orderId, { lines: [teapots(3)] });
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    });

    it('can neither be received nor refunded', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId);
      await expire(kept);
      await assert.rejects(receive(kept), /nothing has come back/);
      await refund(kept);
      assert.equal((await again(kept)).status, 'expired');
      assert.equal(await refundedMinor(orderId), 0);
    });

    it('they are not once the goods have come, refunded or not', async () => {
      const orderId = await stage.delivered();
      const kept = await stage.sendBack(orderId, { lines: [teapots(3)] });
      await receive(kept);
      await expire(kept);
      assert.equal((await again(kept)).status, 'received');
      await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
      await refund(kept);
      await expire(kept);
      assert.equal((await again(kept)).status, 'refunded');
    });
  });
});
