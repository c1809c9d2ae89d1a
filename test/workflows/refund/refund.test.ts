import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { refuse } from '../../stage/faults.ts';
import { isRefused, openIntervention, resolve } from '../../stage/order-actions.ts';
import { type Fault, useTestWorkers } from '../../stage/test-workers.ts';

describe('refund workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();
  const place = (refundPayment?: Fault) => workers().place(refundPayment ? { refundPayment } : {});

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
});
