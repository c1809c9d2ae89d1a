import assert from 'node:assert/strict';
import { receiveReturnUpdate } from '../../../workflows/return/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { isRefused, openIntervention, resolve, triesOf } from '../../stage/order-actions.ts';
import { type Stage, createStage } from '../../stage/test-workers.ts';
import { faultyTwice, refuse, refuseOnce } from '../../stage/faults.ts';

describe('return workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  let stage: Stage;
  before(async function () {
    this.timeout(120_000);
    stage = await createStage();
  });
  after(() => stage.close());

  const resellable = [{ sku: 'tea', quantity: 2, condition: 'resellable' as const }];

  test('restocks what can be sold again and refunds what came back', async () => {
    const order = await stage.place({ refundPayment: faultyTwice });
    const sentBack = await stage.sendBack(order);
    await sentBack.executeUpdate(receiveReturnUpdate, {
      args: [
        {
          lines: [
            { sku: 'tea', quantity: 1, condition: 'resellable' },
            { sku: 'tea', quantity: 1, condition: 'damaged' },
          ],
        },
      ],
    });
    assert.equal(await sentBack.result(), 'refunded');
    assert.deepEqual([order.world.restocked, order.world.refundedMinor], [1, 200]);
    assert.equal(order.world.returnStatus, 'refunded');
    const paid = order.world.history.find((item) => item.step === 'refundPayment' && item.outcome === 'succeeded');
    assert.equal(paid?.attempt, await triesOf({ handle: sentBack }, 'refundPayment'));
  });

  test('restocks nothing where all is damaged', async () => {
    const order = await stage.place();
    const sentBack = await stage.sendBack(order);
    const lines = [{ sku: 'tea', quantity: 2, condition: 'damaged' as const }];
    await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
    assert.equal(await sentBack.result(), 'refunded');
    assert.equal(order.world.calls.includes('restockReturn'), false);
  });

  for (const action of ['retry', 'skip'] as const) {
    test(`waits for a person where the refund is refused, who says ${action}`, async () => {
      const order = await stage.place({ refundPayment: action === 'retry' ? refuseOnce : refuse('RefundRefused') });
      const sentBack = await stage.sendBack(order);
      await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines: resellable }] });
      const interventionId = await openIntervention(order, 'refundPayment');
      assert.equal(order.world.paymentStatus, 'requires_action');
      await resolve(sentBack, interventionId, action);
      assert.equal(await sentBack.result(), action === 'retry' ? 'refunded' : 'received');
    });
  }

  test('ends by itself where the goods never come', async () => {
    const order = await stage.place();
    const sentBack = await stage.sendBack(order);
    assert.equal(await sentBack.result(), 'expired');
    assert.deepEqual([order.world.returnStatus, order.world.refundedMinor], ['expired', 0]);
  });

  test('takes back no more than was announced, and only once', async () => {
    const order = await stage.place({ refundPayment: refuseOnce });
    // Not skipped: after the first answer it waits for the goods again, which may be a moment too long on a busy machine.
    const sentBack = await stage.sendBack(order, {}, stage.inRealTime);
    const tooMany = [{ sku: 'tea', quantity: 3, condition: 'resellable' as const }];
    const receive = (lines: typeof resellable) => sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
    await assert.rejects(receive(tooMany), isRefused('NotInReturn'));
    await receive(resellable);
    await assert.rejects(receive(resellable), isRefused('AlreadyReceived'));
    await resolve(sentBack, await openIntervention(order, 'refundPayment'), 'retry');
    assert.equal(await sentBack.result(), 'refunded');
  });
});
