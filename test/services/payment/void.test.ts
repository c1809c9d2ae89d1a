import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { patiently } from '../../stage/retry-pool-timeout.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('voidPayment', () => {
  const bench = paymentBench();

  it('releases the hold once', async () => {
    const request = paymentRequest();
    await bench.payment.authorizePayment(request);
    await bench.payment.voidPayment({ orderId: request.orderId });
    await bench.restarted().voidPayment({ orderId: request.orderId });
    assert.equal(bench.processor.held(request.orderId), 0);
    assert.equal(bench.processor.asked.filter((key) => key.endsWith(':void')).length, 1);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
    assert.equal((await bench.paymentOf(request.orderId)).status, 'voided');
  });

  it('calls the processor even if nothing was authorized, and stops a late authorization', async () => {
    const request = paymentRequest();
    await bench.payment.voidPayment({ orderId: request.orderId });
    assert.deepEqual(bench.processor.asked, [`${request.orderId}:void`]);
    await assert.rejects(bench.payment.authorizePayment(request), { name: 'Refusal', code: 'Undone' });
    assert.equal(bench.processor.held(request.orderId), 0);
    assert.deepEqual(await bench.events(request.orderId), []);
  });

  it('releases the hold of an authorization whose response was lost', async () => {
    const request = paymentRequest();
    bench.processor.dieAfter('authorize');
    await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
    assert.equal(bench.processor.held(request.orderId), 1250);

    await bench.restarted().voidPayment({ orderId: request.orderId });
    assert.equal(bench.processor.held(request.orderId), 0);
    await assert.rejects(bench.restarted().authorizePayment(request), { code: 'Undone' });
    const { authorized_minor, voided_minor } = await bench.paymentOf(request.orderId);
    assert.deepEqual([authorized_minor, voided_minor], [1250, 1250]);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
  });

  it('finds its own release after an interruption, before a late hold is looked for', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.dieAfter('void');
    await assert.rejects(bench.payment.voidPayment({ orderId }), /socket hang up/);
    await assert.rejects(bench.payment.releaseLateHold({ orderId }), /the void of order .* is under way/);
    assert.deepEqual(await bench.restarted().voidPayment({ orderId }), { released: true });
    await bench.payment.releaseLateHold({ orderId });
    assert.deepEqual(
      bench.processor.ledger.map(({ type }) => type),
      ['authorize', 'void'],
    );
    assert.equal((await bench.paymentOf(orderId)).status, 'voided');
  });

  it('leaves a capture under way what it takes, in a release of late holds, too', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    await bench.payment.renewHold({ ...request, holdId: randomUUID() });
    await bench.payment.releaseReplacedHolds({ orderId });
    const gate = bench.processor.hold('capture', 'after');
    const capturing = bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(400) });
    await gate.reached;
    await assert.rejects(bench.payment.voidPayment({ orderId }), /a capture of order .* is under way/);
    await assert.rejects(bench.payment.releaseLateHold({ orderId }), /a capture of order .* is under way/);
    gate.release();
    assert.deepEqual(await capturing, { captured: pounds(400) });
    const { voided_minor, captured_minor } = await bench.paymentOf(orderId);
    assert.deepEqual([voided_minor, captured_minor], [1250 + 850, 400]);
  });

  it('wins over an authorization that has not reached the processor yet', async () => {
    const request = paymentRequest();
    const underway = bench.processor.hold('authorize', 'before');
    const late = bench.payment.authorizePayment(request);
    await underway.reached;
    await bench.payment.voidPayment({ orderId: request.orderId });
    underway.release();
    await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
    assert.equal(bench.processor.held(request.orderId), 0);
    assert.deepEqual(await bench.events(request.orderId), []);
  });

  it('wins over an authorization whose response has not arrived yet', async () => {
    const request = paymentRequest();
    const underway = bench.processor.hold('authorize', 'after');
    const late = bench.payment.authorizePayment(request);
    await underway.reached;
    await bench.payment.voidPayment({ orderId: request.orderId });
    underway.release();
    await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
    assert.equal(bench.processor.held(request.orderId), 0);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
  });

  it('records a hold that is reported while the void is under way', async () => {
    const request = paymentRequest();
    const [authorizing, voiding] = [bench.processor.hold('authorize', 'after'), bench.processor.hold('void', 'before')];
    const late = bench.payment.authorizePayment(request);
    await authorizing.reached;
    const undo = bench.payment.voidPayment({ orderId: request.orderId });
    await voiding.reached;
    authorizing.release();
    await assert.rejects(late, { code: 'Undone' });
    assert.equal((await bench.paymentOf(request.orderId)).authorized_minor, 1250);
    voiding.release();
    await undo;
    assert.equal(bench.processor.held(request.orderId), 0);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
  });

  it('leaves no money held, in whatever order authorization and void run', async () => {
    const requests = Array.from({ length: 25 }, () => paymentRequest());
    const outcomes = await Promise.allSettled(
      requests.flatMap((request, index) => {
        const pair = [
          () => bench.payment.authorizePayment(request),
          () => bench.payment.voidPayment({ orderId: request.orderId }),
        ] as const;
        return (index % 2 ? pair : pair.toReversed()).map((send) => patiently<unknown>(send));
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal((outcome.reason as { code?: string }).code, 'Undone');
    }
    for (const { orderId } of requests) {
      assert.equal(bench.processor.held(orderId), 0);
      assert.equal((await bench.paymentOf(orderId)).status, 'voided');
    }
  });

  it('retries under a new key after a refused void', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.refuse('void', 'VoidRefused');
    await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
    await assert.rejects(bench.payment.capturePayment({ orderId }), { code: 'NotAuthorized' });
    await assert.rejects(bench.payment.authorizePayment(request), { code: 'Undone' });

    bench.processor.refuse('void', undefined);
    await bench.restarted().voidPayment({ orderId });
    await bench.restarted().voidPayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'void#2']);
    assert.equal(bench.processor.held(orderId), 0);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.failed', 'payment.voided']);
  });

  it('is not undone by a refusal that arrives late', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.refuse('void', 'VoidRefused');
    const slow = bench.processor.hold('void', 'after');
    const late = bench.payment.voidPayment({ orderId });
    await slow.reached;
    await assert.rejects(bench.payment.voidPayment({ orderId }), { code: 'VoidRefused' });
    bench.processor.refuse('void', undefined);
    await bench.payment.voidPayment({ orderId });
    slow.release();
    await assert.rejects(late, { code: 'VoidRefused' });
    await bench.payment.voidPayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'void#2']);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.failed', 'payment.voided']);
  });

  it('does not take a late refusal for the outcome of the next attempt', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.refuse('void', 'VoidRefused');
    const slow = bench.processor.hold('void', 'after');
    const late = bench.payment.voidPayment({ orderId });
    await slow.reached;
    await assert.rejects(bench.payment.voidPayment({ orderId }), { code: 'VoidRefused' });
    bench.processor.refuse('void', undefined);
    const underway = bench.processor.hold('void', 'before');
    const retry = bench.payment.voidPayment({ orderId });
    await underway.reached;
    slow.release();
    await assert.rejects(late, { code: 'VoidRefused' });
    underway.release();
    await retry;
    assert.equal((await bench.paymentOf(orderId)).status, 'voided');
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.failed', 'payment.voided']);
  });

  it('reuses the key of a retry whose outcome is unknown', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    bench.processor.refuse('void', 'VoidRefused');
    await assert.rejects(bench.payment.voidPayment({ orderId }), { code: 'VoidRefused' });
    bench.processor.refuse('void', undefined);
    bench.processor.dieAfter('void');
    await assert.rejects(bench.payment.voidPayment({ orderId }), /socket hang up/);
    await bench.restarted().voidPayment({ orderId });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'void#2']);
    assert.equal(bench.processor.asked.filter((key) => key.includes(':void')).length, 2);
  });

  it('refuses AlreadyCaptured after the capture', async () => {
    const orderId = await bench.captured();
    await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'AlreadyCaptured' });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    assert.ok(!bench.processor.asked.some((key) => key.endsWith(':void')));
    assert.equal((await bench.paymentOf(orderId)).undone, false);
  });
});
