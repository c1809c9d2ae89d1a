import assert from 'node:assert/strict';
import type { Return, ReceivedLine } from '../../../activities/return.ts';
import { everything, orderStage, pounds, refusedAs, resellable, teapots } from './test-order-service.ts';

describe('order service: returns', () => {
  const stage = orderStage();
  const { receive, refund, expire } = stage;
  const read = ({ id }: Return) => stage.requests.getReturn({ returnId: id });
  const refundedMinor = async (orderId: string) =>
    (
      await stage.database.db
        .selectFrom('orders')
        .select('refunded_minor')
        .where('id', '=', orderId)
        .executeTakeFirstOrThrow()
    ).refunded_minor;

  describe('received', () => {
    it('are refunded at the price paid, resellable or not', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: everything });
      const goods: ReceivedLine[] = [
        resellable(teapots(1)),
        { ...teapots(2), condition: 'damaged' },
        resellable({ sku: 'kettle', quantity: 1 }),
      ];
      assert.deepEqual(await receive(stored, goods), { refund: pounds(5500) });
      const { status, received, refund: due } = await read(stored);
      assert.deepEqual([status, received, due], ['received', goods, pounds(5500)]);
    });

    it('again change nothing, and are refunded for the goods recorded first', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: [teapots(3)] });
      const first = [resellable(teapots(2))];
      await receive(stored, first);
      assert.deepEqual(await receive(stored, [resellable(teapots(3))]), { refund: pounds(2000) });
      assert.deepEqual((await read(stored)).received, first);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'partially_returned']);
    });

    it('show on the order, whatever becomes of the money', async () => {
      const orderId = await stage.delivered();
      await receive(await stage.sendBack(orderId));
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'partially_returned']);
      await receive(await stage.sendBack(orderId, { lines: [teapots(2), { sku: 'kettle', quantity: 1 }] }));
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'returned']);
    });

    it('with items that were never ordered fail', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId);
      await assert.rejects(receive(stored, [resellable({ sku: 'mug', quantity: 1 })]), /no mug/);
      assert.equal((await read(stored)).status, 'requested');
      assert.deepEqual(await stage.steps(orderId), []);
    });
  });

  describe('whose refund a person skipped', () => {
    it('are closed without a refund, and stay returned', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: everything });
      await receive(stored);
      await stage.closed(orderId, await stage.opened(orderId, 'refundPayment', `return-${stored.id}`), 'skip');
      await stage.skipRefund(stored);
      assert.equal((await read(stored)).status, 'not_refunded');
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'returned']);
      await assert.rejects(stage.sendBack(orderId), refusedAs('NotReturnable'));
      await refund(stored);
      await stage.skipRefund(stored);
      assert.equal((await read(stored)).status, 'not_refunded');
      assert.equal(await refundedMinor(orderId), 0);
    });

    it('count as returned beside those that are refunded', async () => {
      const orderId = await stage.delivered();
      const [skipped, fine] = [await stage.sendBack(orderId), await stage.sendBack(orderId, { lines: [teapots(2)] })];
      await Promise.all([receive(skipped), receive(fine)]);
      await stage.skipRefund(skipped);
      await refund(fine);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_refunded', 'partially_returned']);
      await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
    });
  });

  describe('refunded', () => {
    it('in part and then in full update the order, with one event each', async () => {
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
      const { number } = await stage.requests.getOrder({ orderId });
      const { db } = stage.database;
      const refunds = db.selectFrom('outbox').select('data').where('type', '=', 'order.refunded').orderBy('sequence');
      const events = await refunds.execute();
      assert.deepEqual(
        events.map(({ data }) => data as { orderId: string }).filter((data) => data.orderId === orderId),
        [first, second].map(({ id: returnId, customerId }, index) => ({
          orderId,
          customerId,
          number,
          returnId,
          refund: pounds([1000, 4500][index]!),
        })),
      );
    });

    it('again, and several times at once, are counted once', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId);
      await receive(stored);
      await Promise.all([1, 2, 3].map(() => refund(stored)));
      const before = await stage.requests.getOrder({ orderId });
      await refund(stored);
      assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
      assert.equal(await refundedMinor(orderId), 1000);
      assert.equal((await stage.events(orderId)).filter((type) => type === 'order.refunded').length, 1);
    });

    it('two at once are both counted', async () => {
      for (let round = 0; round < 5; round++) {
        const orderId = await stage.delivered();
        const stored = [
          await stage.sendBack(orderId, { lines: [teapots(3)] }),
          await stage.sendBack(orderId, { lines: [{ sku: 'kettle', quantity: 1 }] }),
        ];
        await Promise.all(stored.map((one) => receive(one)));
        await Promise.all(stored.map(refund));
        assert.equal(await refundedMinor(orderId), 5500);
        assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'refunded', 'returned']);
      }
    });

    it('before the goods were received are not recorded', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId);
      await refund(stored);
      assert.equal((await read(stored)).status, 'requested');
      assert.equal(await refundedMinor(orderId), 0);
    });

    it('after the order was completed leave it completed', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: everything });
      await stage.activities.completeOrder(stage.note(orderId));
      await receive(stored);
      await refund(stored);
      assert.deepEqual(await stage.statuses(orderId), ['completed', 'refunded', 'returned']);
    });

    for (const action of ['retry', 'skip'] as const) {
      it(`beside another one with an open intervention survive its ${action}`, async () => {
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

    it('after a skipped one do not hide it', async () => {
      const orderId = await stage.delivered();
      const [skipped, fine] = [await stage.sendBack(orderId), await stage.sendBack(orderId)];
      await Promise.all([receive(skipped), receive(fine)]);
      await stage.closed(orderId, await stage.opened(orderId, 'refundPayment', 'return-1'), 'skip');
      await refund(fine);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'partially_returned']);
    });
  });

  describe('expired', () => {
    it('let their items be returned again', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: [teapots(3)] });
      await expire(stored);
      await expire(stored);
      assert.equal((await read(stored)).status, 'expired');
      await stage.sendBack(orderId, { lines: [teapots(3)] });
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    });

    it('can neither be received nor refunded', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId);
      await expire(stored);
      await assert.rejects(receive(stored), /have not been received/);
      await refund(stored);
      assert.equal((await read(stored)).status, 'expired');
      assert.equal(await refundedMinor(orderId), 0);
    });

    it('they are not once the goods were received, refunded or not', async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: [teapots(3)] });
      await receive(stored);
      await expire(stored);
      assert.equal((await read(stored)).status, 'received');
      await assert.rejects(stage.sendBack(orderId), refusedAs('TooMany'));
      await refund(stored);
      await expire(stored);
      assert.equal((await read(stored)).status, 'refunded');
    });
  });
});
