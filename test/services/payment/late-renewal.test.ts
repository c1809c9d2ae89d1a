import assert from 'node:assert/strict';
import { MUST_CONFIRM } from '../../stage/fake-card-processor.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench } from '../../stage/test-payment-service.ts';

describe('a renewed hold whose holder must confirm', () => {
  const bench = paymentBench();
  const { authorized, renewal, renewed, sumsOf, receive } = renewals(bench);
  const asked = async () => {
    const orderId = await authorized();
    const request = { ...renewal(orderId), customerMayAct: true };
    bench.processor.awaitHolder(orderId, request.holdId);
    assert.deepEqual(await bench.payment.renewHold(request), { authorizationId: null, ...MUST_CONFIRM });
    return request;
  };

  it('is awaited, and held once confirmed', async () => {
    const request = await asked();
    const { orderId, holdId } = request;
    assert.deepEqual(await receive(`${orderId} ${holdId}`), { meaning: 'awaited', orderId });
    assert.deepEqual(await receive(orderId), { meaning: 'nothing' });
    bench.processor.holderConfirms(request);
    assert.match((await bench.payment.renewHold(request)).authorizationId!, /^authorize-/);
    assert.deepEqual(await receive(`${orderId} ${holdId}`), { meaning: 'nothing' });
    await bench.payment.releaseReplacedHolds({ orderId });
    assert.equal(bench.processor.held(orderId), 1000);
  });

  for (const [what, end] of [
    ['the payment was voided', (orderId: string) => bench.payment.voidPayment({ orderId })],
    ['the last part was captured', (orderId: string) => bench.payment.capturePayment({ orderId })],
    ['the rest was released', (orderId: string) => bench.payment.releaseRest({ orderId })],
  ] as const) {
    it(`is held late once ${what}, and is released once`, async () => {
      const request = await asked();
      const { orderId, holdId } = request;
      await end(orderId);
      bench.processor.holderConfirms(request, { late: true });
      assert.deepEqual(await receive(`${orderId} ${holdId}`), { meaning: 'heldLate', orderId });
      for (const service of [bench.payment, bench.restarted()]) await service.releaseLateHold({ orderId });
      assert.equal(bench.processor.held(orderId), 0);
      assert.deepEqual(await receive(`${orderId} ${holdId}`), { meaning: 'nothing' });
      const { authorized_minor, voided_minor, captured_minor } = await bench.paymentOf(orderId);
      assert.deepEqual([authorized_minor, voided_minor + captured_minor], [2000, 2000]);
    });
  }

  it('is held late once another hold has replaced it, and the payment goes on', async () => {
    const request = await asked();
    const { orderId, holdId } = request;
    await renewed(orderId);
    await bench.payment.releaseReplacedHolds({ orderId });
    bench.processor.holderConfirms(request, { late: true });
    assert.deepEqual(await receive(`${orderId} ${holdId}`), { meaning: 'heldLate', orderId });
    await bench.payment.releaseLateHold({ orderId });
    assert.equal(bench.processor.held(orderId), 1000);
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual((await sumsOf(orderId)).slice(0, 4), ['captured', 3000, 2000, 1000]);
  });
});
