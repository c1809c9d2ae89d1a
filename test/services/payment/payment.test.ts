import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { patiently } from '../../stage/retry-pool-timeout.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('authorizePayment', () => {
  const bench = paymentBench();

  it('returns the first authorization to a repeat, without calling the processor again', async () => {
    const request = paymentRequest();
    const first = await bench.payment.authorizePayment(request);
    assert.deepEqual(await bench.restarted().authorizePayment(request), first);
    assert.deepEqual(bench.processor.asked, [`${request.orderId}:authorize`]);
    assert.deepEqual(bench.processor.lookedUp, []);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized']);
  });

  it('holds the money once for 50 concurrent requests', async () => {
    const request = paymentRequest();
    const authorize = () => patiently(() => bench.payment.authorizePayment(request));
    const responses = await Promise.all(Array.from({ length: 50 }, authorize));
    assert.equal(new Set(responses.map(({ authorizationId }) => authorizationId)).size, 1);
    assert.deepEqual(bench.effects(request.orderId), ['authorize']);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized']);
    assert.equal((await bench.paymentOf(request.orderId)).authorized_minor, 1250);
  });

  for (const [paymentMethod, code] of [
    ['pm_card_chargeDeclined', 'CardDeclined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'InsufficientFunds'],
  ] as const) {
    it(`refuses ${code} permanently`, async () => {
      const request = paymentRequest({ paymentMethod });
      await assert.rejects(bench.payment.authorizePayment(request), { name: 'Refusal', code });
      await assert.rejects(bench.restarted().authorizePayment(request), { name: 'Refusal', code });
      assert.equal(bench.processor.asked.length, 1);
      assert.equal((await bench.paymentOf(request.orderId)).status, 'declined');
      assert.deepEqual(await bench.events(request.orderId), ['payment.failed']);
    });
  }

  it('looks up an attempt whose response was lost, instead of requesting it again', async () => {
    const request = paymentRequest();
    bench.processor.dieAfter('authorize');
    await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
    const { authorizationId } = await bench.restarted().authorizePayment(request);
    assert.equal(authorizationId, 'authorize-1');
    assert.deepEqual(bench.processor.asked, [`${request.orderId}:authorize`]);
    assert.deepEqual(bench.processor.lookedUp, [`${request.orderId}:authorize`]);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized']);
  });

  it('retries under the same key if the lost attempt never arrived', async () => {
    const request = paymentRequest();
    bench.processor.dieBefore('authorize');
    await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
    await bench.restarted().authorizePayment(request);
    assert.deepEqual(new Set(bench.processor.asked), new Set([`${request.orderId}:authorize`]));
    assert.deepEqual(bench.effects(request.orderId), ['authorize']);
  });

  it('keeps a decline whose response was lost', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_card_chargeDeclined' });
    bench.processor.dieAfter('authorize');
    await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
    await assert.rejects(bench.restarted().authorizePayment(request), { code: 'CardDeclined' });
    assert.equal(bench.processor.asked.length, 1);
  });

  it('does not treat a request with different terms as a repeat', async () => {
    const request = paymentRequest();
    await bench.payment.authorizePayment(request);
    await assert.rejects(bench.payment.authorizePayment({ ...request, amount: pounds(1) }), /with different terms/);
    await assert.rejects(
      bench.payment.authorizePayment({ ...request, paymentMethod: 'pm_other' }),
      /with different terms/,
    );
  });

  it('does not call the processor for an order that costs nothing', async () => {
    const request = paymentRequest({ amount: pounds(0) });
    await bench.payment.authorizePayment(request);
    await bench.payment.capturePayment({ orderId: request.orderId });
    await bench.payment.refundPayment({ orderId: request.orderId, refundId: randomUUID(), amount: pounds(0) });
    assert.deepEqual(bench.processor.asked, []);
    assert.equal((await bench.paymentOf(request.orderId)).status, 'captured');
  });
});
