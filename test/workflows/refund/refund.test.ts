import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { answerLost, faultyTwice, refuse, refuseOnce } from '../../stage/faults.ts';
import { isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type Fault, useTestWorkers } from '../../stage/test-workers.ts';

describe('refund workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();
  const place = (refundPayment?: Fault) => workers().place(refundPayment ? { refundPayment } : {});

  for (const [trouble, fault] of [
    ['at once', undefined],
    ['after faults', faultyTwice],
    ['although its answer was lost', answerLost((number) => number === 1)],
  ] as const) {
    test(`pays the money back once ${trouble}`, async () => {
      const order = await place(fault);
      const refund = await workers().refund(order, 150);
      assert.equal(await refund.result(), 'refunded');
      assert.deepEqual([order.world.refundedMinor, order.world.refundOutcome], [150, 'refunded']);
      assert.equal(order.world.effects.filter((effect) => effect === 'refund').length, 1);
    });
  }

  test('waits for a person where the processor refuses, and tries again', async () => {
    const order = await place(refuseOnce);
    const refund = await workers().refund(order, 150);
    const interventionId = await openIntervention(order, 'refundPayment');
    assert.equal(order.world.paymentStatus, 'requires_action');
    await resolve(refund, interventionId, 'retry');
    assert.equal(await refund.result(), 'refunded');
  });

  test('ends without a refund when a person decides so', async () => {
    const order = await place(refuse('RefundRefused'));
    const refund = await workers().refund(order, 150);
    await resolve(refund, await openIntervention(order, 'refundPayment'), 'skip');
    assert.equal(await refund.result(), 'not_refunded');
    assert.equal(order.world.refundOutcome, 'not_refunded');
    assert.equal(order.world.refundedMinor, 0);
    assert.ok(order.world.effects.includes('forgo refund'));
  });

  test('enters into the books what a person has paid in another way', async () => {
    const order = await place(refuse('RefundRefused'));
    const refund = await workers().refund(order, 150);
    await resolve(refund, await openIntervention(order, 'refundPayment'), 'refund_manually');
    assert.equal(await refund.result(), 'refunded_manually');
    assert.equal(order.world.refundOutcome, 'refunded_manually');
    assert.equal(order.world.effects.filter((effect) => effect === 'manual refund').length, 1);
  });

  for (const [action, settle] of [
    ['skip', 'forgoRefund'],
    ['refund_manually', 'recordManualRefund'],
  ] as const) {
    test(`is refunded after all if the processor has paid it when a person answers ${action}`, async () => {
      const order = await workers().place({
        refundPayment: refuse('RefundRefused'),
        [settle]: refuse('AlreadyRefunded'),
      });
      const refund = await workers().refund(order, 150);
      await resolve(refund, await openIntervention(order, 'refundPayment'), action);
      assert.equal(await refund.result(), 'refunded');
    });
  }

  test('offers no manual refund of money that was never captured', async () => {
    const order = await place(refuse('NotCaptured'));
    const refund = await workers().refund(order, 150);
    const interventionId = await openIntervention(order, 'refundPayment');
    await assert.rejects(resolve(refund, interventionId, 'refund_manually'), isRefused('ActionNotAllowed'));
    await resolve(refund, interventionId, 'skip');
    assert.equal(await refund.result(), 'not_refunded');
  });

  test('is the only question that offers to refund manually, besides that of a return', async () => {
    const order = await workers().place({ capturePayment: refuseOnce });
    await order.moved('dispatched');
    const interventionId = await openIntervention(order, 'capturePayment');
    await assert.rejects(resolve(order.handle, interventionId, 'refund_manually'), isRefused('ActionNotAllowed'));
    await resolve(order.handle, interventionId, 'retry');
  });
});
