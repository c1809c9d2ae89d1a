import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, pounds } from '../../stage/test-payment-service.ts';

describe('captures of one order that fail after the processor had said yes', () => {
  const bench = paymentBench();
  const { authorized, renewed, sumsOf, ledgerOf, receive } = renewals(bench);
  const PARCELS = [400, 600] as const;
  const captureOf = (orderId: string, parcel: 0 | 1) => ({
    orderId,
    parcelId: parcel === 0 ? orderId : randomUUID(),
    amount: pounds(PARCELS[parcel]),
    outstanding: pounds(parcel === 0 ? 1000 : 600),
  });
  const takenBack = async (orderId: string) => {
    for (const [index, { type }] of bench.processor.ledger.entries()) {
      if (type === 'capture') bench.processor.failCapture(`capture-${index + 1}`);
    }
    await receive(`${orderId} ${orderId} captures`);
  };
  /** Requests to capture both again, after both were captured and taken back. */
  const bothTakenBack = async () => {
    const orderId = await authorized();
    for (const parcel of [0, 1] as const) await bench.payment.capturePayment(captureOf(orderId, parcel));
    await takenBack(orderId);
    return [again(orderId, 400), again(orderId, 600)] as const;
  };
  const again = (orderId: string, amountMinor: number) => ({
    orderId,
    captureId: randomUUID() as string,
    holdId: randomUUID() as string,
    amount: pounds(amountMinor),
  });

  it('may be captured again although the rest of the order was canceled', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment(captureOf(orderId, 0));
    await takenBack(orderId);
    await bench.payment.releaseRest({ orderId });
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 1000, 0, 0]);
    const request = again(orderId, 400);
    await bench.payment.recapturePayment(request);
    assert.deepEqual(ledgerOf(orderId, request.holdId).slice(-2), ['authorize 1 400', 'capture 1 400']);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1400, 1000, 400, 0]);
  });

  for (const settle of ['forgoCapture', 'recordManualCapture'] as const) {
    it(`may be captured again after ${settle} of another one, whose hold is released`, async () => {
      const [first, second] = await bothTakenBack();
      bench.processor.refuse('capture', 'CaptureRefused');
      await assert.rejects(bench.payment.recapturePayment(first), { code: 'CaptureRefused' });
      bench.processor.refuse('capture', undefined);
      for (const _again of [1, 2]) await bench.payment[settle](first);
      assert.equal(bench.processor.held(first.orderId), 0);
      await bench.payment.recapturePayment(second);
      assert.deepEqual(await sumsOf(first.orderId), ['captured', 2000, 1400, 600, 0]);
    });

    it(`are captured again although ${settle} of another one comes meanwhile`, async () => {
      const [first, second] = await bothTakenBack();
      const gate = bench.processor.hold('authorize', 'after');
      const request = bench.payment.recapturePayment(first);
      await gate.reached;
      await bench.payment[settle](second);
      assert.equal(bench.processor.held(first.orderId), 400);
      gate.release();
      await request;
      assert.deepEqual(await sumsOf(first.orderId), ['captured', 1400, 1000, 400, 0]);
    });
  }

  it('are captured again although the release of the rest is repeated meanwhile', async () => {
    const [request] = await bothTakenBack();
    const { orderId } = request;
    bench.processor.refuse('capture', 'CaptureRefused');
    await assert.rejects(bench.payment.recapturePayment(request), { code: 'CaptureRefused' });
    assert.deepEqual(await bench.payment.releaseRest({ orderId }), { released: false });
    assert.equal(bench.processor.held(orderId), 400);
    await bench.payment.forgoCapture(request);
    assert.equal(bench.processor.held(orderId), 0);
  });

  it('do not wait for one whose card was declined', async () => {
    const [declined, other] = await bothTakenBack();
    bench.processor.refuse('authorize', 'CardDeclined');
    await assert.rejects(bench.payment.recapturePayment(declined), { code: 'CardDeclined' });
    bench.processor.refuse('authorize', undefined);
    await bench.payment.forgoCapture(other);
    assert.equal((await bench.paymentOf(declined.orderId)).status, 'captured');
  });

  it('are captured again one after the other, each with its own hold', async () => {
    const [first, second] = await bothTakenBack();
    const gate = bench.processor.hold('authorize', 'after');
    const request = bench.payment.recapturePayment(first);
    await gate.reached;
    await assert.rejects(bench.payment.recapturePayment(second), {
      code: 'CaptureRefused',
      message: /another part of order .* is being captured again/,
    });
    gate.release();
    await request;
    await bench.payment.recapturePayment(second);
    assert.deepEqual(ledgerOf(first.orderId, first.holdId, second.holdId).slice(-4), [
      'authorize 1 400',
      'capture 1 400',
      'authorize 2 600',
      'capture 2 600',
    ]);
    assert.deepEqual(await sumsOf(first.orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('wait until people have settled another one, whose capture was refused', async () => {
    const [refused, other] = await bothTakenBack();
    const { orderId } = refused;
    bench.processor.refuse('capture', 'CaptureRefused');
    await assert.rejects(bench.payment.recapturePayment(refused), { code: 'CaptureRefused' });
    bench.processor.refuse('capture', undefined);
    await assert.rejects(bench.payment.recapturePayment(other), { message: /another part of order/ });
    const parcel = { orderId, parcelId: randomUUID(), amount: pounds(400) };
    await assert.rejects(bench.payment.capturePayment(parcel), { code: 'HoldExpired' }, 'the hold of another capture');
    await bench.payment.forgoCapture(refused);
    await bench.payment.recapturePayment(other);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1400, 600, 0]);
  });

  it('take no newer hold than their own', async () => {
    const [request] = await bothTakenBack();
    const { orderId, holdId } = request;
    const gate = bench.processor.hold('authorize', 'after');
    const capturing = bench.payment.recapturePayment(request);
    await gate.reached;
    const newer = await renewed(orderId, 600);
    gate.release();
    await capturing;
    assert.deepEqual(ledgerOf(orderId, holdId, newer).slice(-4), [
      'authorize 1 400',
      'authorize 2 600',
      'capture 1 400',
      'void 2 600',
    ]);
  });
});
