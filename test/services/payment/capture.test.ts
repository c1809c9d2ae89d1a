import assert from 'node:assert/strict';
import { paymentBench, paymentRequest } from '../../stage/test-payment-service.ts';

describe('capturePayment', () => {
  const bench = paymentBench();

  it('captures once for ten concurrent requests', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    await Promise.all(Array.from({ length: 10 }, () => bench.payment.capturePayment({ orderId })));
    await bench.restarted().capturePayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.captured']);
    assert.equal((await bench.paymentOf(orderId)).captured_minor, 1250);
  });

  it('records once when two requests return the same response', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    const slow = bench.processor.hold('capture', 'after');
    const first = bench.payment.capturePayment({ orderId });
    await slow.reached;
    await bench.payment.capturePayment({ orderId });
    slow.release();
    await first;
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.captured']);
  });

  it('finds a capture whose response was lost', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment({ orderId }), /socket hang up/);
    await bench.restarted().capturePayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    assert.equal(bench.processor.asked.filter((key) => key.endsWith(':capture')).length, 1);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.captured']);
  });

  it('refuses NotAuthorized if nothing is held', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await assert.rejects(bench.payment.capturePayment({ orderId }), { name: 'Refusal', code: 'NotAuthorized' });
    await bench.payment.authorizePayment(request);
    await bench.payment.voidPayment({ orderId });
    await assert.rejects(bench.payment.capturePayment({ orderId }), { name: 'Refusal', code: 'NotAuthorized' });
    assert.ok(!bench.processor.asked.some((key) => key.includes('capture')));
  });

  it('retries under a new key after the processor refused', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.refuse('capture', 'CaptureRefused');
    await assert.rejects(bench.payment.capturePayment({ orderId }), { name: 'Refusal', code: 'CaptureRefused' });
    bench.processor.refuse('capture', undefined);
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture#2']);
  });

  it('never succeeds together with a concurrent void', async () => {
    const requests = Array.from({ length: 10 }, () => paymentRequest());
    for (const request of requests) await bench.payment.authorizePayment(request);
    await Promise.allSettled(
      requests.flatMap(({ orderId }) => [
        bench.payment.capturePayment({ orderId }),
        bench.payment.voidPayment({ orderId }),
      ]),
    );
    for (const { orderId } of requests) {
      const { captured_minor, voided_minor } = await bench.paymentOf(orderId);
      assert.equal(captured_minor + voided_minor, 1250);
      assert.equal(bench.effects(orderId).length, 2);
    }
  });
});
