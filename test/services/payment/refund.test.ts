import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('refundPayment', () => {
  const bench = paymentBench();

  it('refunds once per refund id', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    await bench.payment.refundPayment({ orderId, refundId, amount: pounds(400) });
    await bench.restarted().refundPayment({ orderId, refundId, amount: pounds(400) });
    await bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(850) });
    assert.equal(bench.effects(orderId).filter((key) => key.startsWith('refund')).length, 2);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 1250);
    assert.deepEqual(await bench.events(orderId), [
      'payment.authorized',
      'payment.captured',
      'payment.refunded',
      'payment.refunded',
    ]);
  });

  it('never refunds more than was captured, even with many concurrent refunds', async () => {
    const orderId = await bench.captured();
    // This fake processor does not check the limit: our own records must.
    const before = bench.processor.hold('refund', 'before');
    const first = bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) });
    await before.reached;
    const others = Array.from({ length: 5 }, () =>
      bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) }),
    );
    const outcomes = await Promise.allSettled(others);
    before.release();
    await first;
    for (const outcome of outcomes) {
      assert.equal(outcome.status === 'rejected' && (outcome.reason as { code?: string }).code, 'RefundExceedsCapture');
    }
    assert.equal(bench.processor.asked.filter((key) => key.includes(':refund:')).length, 1);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 1000);
  });

  it('releases the reserved amount when the processor refuses, and may be retried', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    bench.processor.refuse('refund', 'RefundRefused');
    const refund = () => bench.payment.refundPayment({ orderId, refundId, amount: pounds(1250) });
    await assert.rejects(refund(), { name: 'Refusal', code: 'RefundRefused' });
    assert.equal((await bench.paymentOf(orderId)).refund_reserved_minor, 0);
    bench.processor.refuse('refund', undefined);
    await refund();
    await refund();
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture', `refund:${refundId}#2`]);
    const { refunded_minor, refund_reserved_minor } = await bench.paymentOf(orderId);
    assert.deepEqual([refunded_minor, refund_reserved_minor], [1250, 0]);
  });

  it('finds a refund whose response was lost, with its amount reserved meanwhile', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    bench.processor.dieAfter('refund');
    const refund = () => bench.restarted().refundPayment({ orderId, refundId, amount: pounds(1000) });
    await assert.rejects(refund(), /socket hang up/);
    await assert.rejects(bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) }), {
      code: 'RefundExceedsCapture',
    });
    await refund();
    assert.equal(bench.effects(orderId).filter((key) => key.startsWith('refund')).length, 1);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 1000);
  });

  it('refuses NotCaptured, RefundExceedsCapture and another currency', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    const refund = (amount: { amountMinor: number; currency: string }) =>
      bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount });
    await assert.rejects(refund(pounds(1)), { name: 'Refusal', code: 'NotCaptured' });
    await bench.payment.authorizePayment(request);
    await assert.rejects(refund(pounds(1)), { name: 'Refusal', code: 'NotCaptured' });
    await bench.payment.capturePayment({ orderId });
    await assert.rejects(refund(pounds(1251)), { name: 'Refusal', code: 'RefundExceedsCapture' });
    await assert.rejects(refund({ amountMinor: 1, currency: 'EUR' }), { name: 'Refusal', code: 'RefundRefused' });
    assert.ok(!bench.processor.asked.some((key) => key.includes('refund')));
  });

  it('does not treat a request with a different amount as a repeat', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    await bench.payment.refundPayment({ orderId, refundId, amount: pounds(400) });
    await assert.rejects(
      bench.payment.refundPayment({ orderId, refundId, amount: pounds(500) }),
      /with a different amount/,
    );
  });
});
