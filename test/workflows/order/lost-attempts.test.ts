import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cancelUpdate } from '../../../workflows/order/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { assertNothingLeft, confirmed, finish, lostAttempt, lostTask } from '../../stage/order-actions.ts';
import { type Fault, useTestWorkers, orderInput } from '../../stage/test-workers.ts';
import { down, held, refuse } from '../../stage/faults.ts';

describe('lost attempts', function () {
  this.timeout(240_000);
  const test = concurrently(24);
  const workers = useTestWorkers();

  describe('local-first, where a worker died in a task after the first', () => {
    /** The first step fails at first, so that a later task takes the rest. That task's worker finishes the rest and dies. */
    async function placed(later: Record<string, Fault>) {
      const reserving = held((number) => number >= 2);
      const input = orderInput();
      const faults = { reserveStock: reserving.fault, ...later };
      faults.reserveStock = async (call) => (call.number === 1 ? down(call) : reserving.fault(call));
      const order = await workers().inLane('local-first').place(faults, input);
      await reserving.come;
      await lostTask(workers(), input, 'confirmOrder');
      return { order, reserving };
    }

    test('after confirming the order, which is then canceled: everything is compensated', async () => {
      const { order, reserving } = await placed({});
      await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.equal((await order.handle.result()).status, 'canceled');
      reserving.go();
      assert.equal(order.world.status, 'canceled');
      assertNothingLeft(order);
    });

    test('after confirming the order, and payment is down from then on: the order stays confirmed and continues', async () => {
      const { order, reserving } = await placed({ authorizePayment: down });
      reserving.go();
      await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
      await finish(order);
      assert.equal(order.world.status, 'completed');
      assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
    });
  });

  for (const lane of ['local-first', 'express'] as const) {
    describe(`${lane}, where a worker started the order and died`, () => {
      for (const upTo of ['reserveStock', 'authorizePayment', 'bookShipment', 'confirmOrder'] as const) {
        test(`after ${upTo}: nothing happens twice, and the order is confirmed`, async () => {
          const order = await workers()
            .inLane(lane)
            .place({}, await lostAttempt(workers(), upTo));
          await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
          await confirmed(order);
          await finish(order);
          assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
        });
      }

      test('after booking it, and inventory is down from then on: everything is compensated', async () => {
        const order = await workers()
          .inLane(lane)
          .place({ reserveStock: down }, await lostAttempt(workers(), 'bookShipment'));
        assert.equal((await order.handle.result()).status, 'rejected');
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
        assertNothingLeft(order);
      });

      test('after confirming it, and inventory is down from then on: the order stays confirmed and continues', async () => {
        const order = await workers()
          .inLane(lane)
          .place({ reserveStock: down }, await lostAttempt(workers(), 'confirmOrder'));
        await eventually(() => assert.ok(order.world.calls.includes('bookShipment')));
        await finish(order);
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'capture', 'commit']);
        assert.equal(order.world.status, 'completed');
      });

      test('after confirming it, and it is canceled meanwhile: everything is compensated', async () => {
        const waiting = held(() => true);
        const order = await workers()
          .inLane(lane)
          .place({ reserveStock: waiting.fault }, await lostAttempt(workers(), 'confirmOrder'));
        await waiting.come;
        await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
        assert.equal((await order.handle.result()).status, 'canceled');
        waiting.go();
        assert.deepEqual(order.world.effects, ['reserve', 'hold', 'book', 'cancel', 'void', 'release']);
        assertNothingLeft(order);
      });

      test('but is only late: what it does after the order was rejected is refused', async () => {
        const input = await lostAttempt(workers(), 'reserveStock');
        const order = await workers()
          .inLane(lane)
          .place({ authorizePayment: refuse('CardDeclined') }, input);
        assert.equal((await order.handle.result()).status, 'rejected');
        const { orderId, total, paymentMethod, shippingAddress } = input;
        const late = { code: 'Undone' };
        await assert.rejects(workers().services.authorizePayment({ orderId, amount: total, paymentMethod }), late);
        await assert.rejects(workers().services.bookShipment({ orderId, address: shippingAddress }), late);
        const note = { orderId, workflowId: randomUUID(), entries: [] };
        await workers().bookkeeping.confirmOrder({ ...note, trackingNumber: 'LATE' });
        assert.equal(order.world.status, 'rejected');
        assertNothingLeft(order);
      });
    });
  }
});
