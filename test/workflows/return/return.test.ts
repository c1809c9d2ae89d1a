import assert from 'node:assert/strict';
import { receiveReturnUpdate } from '../../../workflows/return/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { isRefused, openIntervention, resolve, triesOf } from '../../stage/order-actions.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';
import { faultyTwice, refuse, refuseOnce } from '../../stage/faults.ts';

describe('return workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  const resellable = [{ sku: 'tea', quantity: 2, condition: 'resellable' as const }];

  test('restocks what can be sold again and refunds what was returned', async () => {
    const order = await workers().place({ refundPayment: faultyTwice });
    const sentBack = await workers().sendBack(order);
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

  test('restocks nothing if everything is damaged', async () => {
    const order = await workers().place();
    const sentBack = await workers().sendBack(order);
    const lines = [{ sku: 'tea', quantity: 2, condition: 'damaged' as const }];
    await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
    assert.equal(await sentBack.result(), 'refunded');
    assert.equal(order.world.calls.includes('restockReturn'), false);
  });

  test('is closed when a person skips the refund', async () => {
    const order = await workers().place({ refundPayment: refuse('RefundRefused') });
    const sentBack = await workers().sendBack(order);
    await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines: resellable }] });
    await resolve(sentBack, await openIntervention(order, 'refundPayment'), 'skip');
    assert.equal(await sentBack.result(), 'not_refunded');
    assert.equal(order.world.returnStatus, 'not_refunded');
    // The last entry comes with the end of the return: it tells those who follow the order's stream.
    const { outcome, detail } = order.world.history.findLast(({ step }) => step === 'refundPayment')!;
    assert.deepEqual([outcome, detail], ['failed', 'the return is closed without a refund']);
  });

  test('is refunded when a person has paid the money back in another way', async () => {
    const order = await workers().place({ refundPayment: refuse('RefundRefused') });
    const sentBack = await workers().sendBack(order);
    await sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines: resellable }] });
    await resolve(sentBack, await openIntervention(order, 'refundPayment'), 'refund_manually');
    assert.equal(await sentBack.result(), 'refunded');
    assert.ok(order.world.effects.includes('manual refund'));
  });

  test('expires if the goods never arrive', async () => {
    const order = await workers().place();
    const sentBack = await workers().sendBack(order);
    assert.equal(await sentBack.result(), 'expired');
    assert.deepEqual([order.world.returnStatus, order.world.refundedMinor], ['expired', 0]);
  });

  test('accepts no more than was announced, and only once', async () => {
    const order = await workers().place({ refundPayment: refuseOnce });
    // In real time: after the refusal it waits for the goods again, and with skipped time the return could expire.
    const sentBack = await workers().sendBack(order, {}, workers().inRealTime);
    const tooMany = [{ sku: 'tea', quantity: 3, condition: 'resellable' as const }];
    const receive = (lines: typeof resellable) => sentBack.executeUpdate(receiveReturnUpdate, { args: [{ lines }] });
    await assert.rejects(receive(tooMany), isRefused('NotInReturn'));
    await receive(resellable);
    await assert.rejects(receive(resellable), isRefused('AlreadyReceived'));
    await resolve(sentBack, await openIntervention(order, 'refundPayment'), 'retry');
    assert.equal(await sentBack.result(), 'refunded');
  });
});
