import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('a refund outside of the card processor', () => {
  const bench = paymentBench();
  const { authorized, receive } = renewals(bench);
  const captured = async () => {
    const request = paymentRequest();
    await bench.payment.authorizePayment(request);
    await bench.payment.capturePayment({ orderId: request.orderId });
    return request.orderId;
  };
  const record = (orderId: string, amountMinor: number, refundId: string = randomUUID()) =>
    bench.payment.recordManualRefund({ orderId, refundId, amount: pounds(amountMinor) });

  it('is entered into the books once, and asks the processor for nothing', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    await Promise.all([1, 2, 3].map(() => record(orderId, 250, refundId)));
    const { refunded_minor, manually_refunded_minor } = await bench.paymentOf(orderId);
    assert.deepEqual([refunded_minor, manually_refunded_minor], [0, 250]);
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    assert.deepEqual((await bench.events(orderId)).slice(-1), ['payment.refunded']);
    const { items } = await createPaymentRequests({
      db: bench.database.db,
      processor: bench.processor,
    }).listBooks({ limit: 1000 });
    const book = items.find((item) => item.orderId === orderId);
    assert.deepEqual([book?.refundedMinor, book?.manuallyRefundedMinor], [0, 250]);
  });

  it('counts towards what can be refunded', async () => {
    const orderId = await captured();
    await record(orderId, 1000);
    const refund = (amountMinor: number) =>
      bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(amountMinor) });
    await assert.rejects(refund(251), { name: 'Refusal', code: 'RefundExceedsCapture' });
    await refund(250);
    await assert.rejects(record(orderId, 1), { name: 'Refusal', code: 'RefundExceedsCapture' });
  });

  it('takes the place of a refund that the processor refused', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    bench.processor.refuse('refund', 'RefundRefused');
    const refund = () => bench.payment.refundPayment({ orderId, refundId, amount: pounds(250) });
    await assert.rejects(refund(), { name: 'Refusal', code: 'RefundRefused' });
    bench.processor.refuse('refund', undefined);
    await record(orderId, 250, refundId);
    // A request that was under way for long.
    await assert.rejects(refund(), { name: 'Refusal', code: 'RefundRefused' });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
  });

  it('that is given up says what the processor has paid of it', async () => {
    const whole = paymentRequest({ amount: pounds(1000) });
    const { orderId } = whole;
    await bench.payment.authorizePayment(whole);
    await bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
    await bench.payment.renewHold({ ...whole, holdId: randomUUID(), amount: pounds(600) });
    await bench.payment.capturePayment({ orderId, parcelId: randomUUID(), amount: pounds(600) });
    const unpaid = { orderId, refundId: randomUUID(), amount: pounds(100) };
    assert.deepEqual(await bench.payment.forgoRefund(unpaid), { refunded: pounds(0) });

    const refund = { orderId, refundId: randomUUID(), amount: pounds(900) };
    const gate = bench.processor.hold('refund', 'after');
    const request = bench.payment.refundPayment(refund);
    await gate.reached;
    bench.processor.refuse('refund', 'RefundRefused');
    gate.release();
    await assert.rejects(request, { name: 'Refusal', code: 'RefundRefused' });
    for (const _again of [1, 2]) {
      assert.deepEqual(await bench.payment.forgoRefund(refund), { refunded: pounds(400) });
    }
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 400);
  });

  for (const [what, settle] of [
    ['given up', 'forgoRefund'],
    ['recorded', 'recordManualRefund'],
  ] as const) {
    it(`that is ${what} is not paid by a request that comes late, also the first one`, async () => {
      const orderId = await captured();
      const refund = { orderId, refundId: randomUUID(), amount: pounds(250) };
      await bench.payment[settle](refund);
      await bench.payment[settle](refund);
      await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
      assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    });

    it(`cannot be ${what} once the processor has paid it, nor while that is unknown`, async () => {
      const orderId = await captured();
      const paid = { orderId, refundId: randomUUID(), amount: pounds(250) };
      await bench.payment.refundPayment(paid);
      await assert.rejects(bench.payment[settle](paid), { name: 'Refusal', code: 'AlreadyRefunded' });
      const unknown = { ...paid, refundId: randomUUID() };
      bench.processor.dieBefore('refund');
      await assert.rejects(bench.payment.refundPayment(unknown));
      await assert.rejects(bench.payment[settle](unknown), /not known whether/);
      await bench.payment.refundPayment(unknown);
    });
  }

  for (const [what, happened] of [
    ['something is still held', []],
    ['its hold is gone', ['expired']],
  ] as const) {
    /** A payment of 1,000 pence of which 400 were captured and taken back. */
    const takenBack = async () => {
      const orderId = await authorized();
      await bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
      bench.processor.failCapture(`capture-${bench.processor.ledger.length}`);
      for (const about of ['captures', ...happened]) await receive(`${orderId} ${orderId} ${about}`);
      return orderId;
    };

    it(`of what the processor has taken back may be given up while ${what}`, async () => {
      const orderId = await takenBack();
      const refund = { orderId, refundId: randomUUID(), amount: pounds(250) };
      await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundExceedsCapture' });
      assert.deepEqual(await bench.payment.forgoRefund(refund), { refunded: pounds(0) });
      await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
    });

    it(`of what the processor has taken back is recorded while ${what}: a person has paid it`, async () => {
      const orderId = await takenBack();
      await record(orderId, 250);
      await assert.rejects(record(orderId, 151), { name: 'Refusal', code: 'RefundExceedsCapture' });
      await record(orderId, 150);
      assert.equal((await bench.paymentOf(orderId)).manually_refunded_minor, 400);
    });
  }

  it('counts what was taken back and captured again once', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
    bench.processor.failCapture(`capture-${bench.processor.ledger.length}`);
    await receive(`${orderId} ${orderId} captures`);
    await bench.payment.releaseRest({ orderId });
    const again = { captureId: randomUUID(), holdId: randomUUID(), amount: pounds(400) };
    await bench.payment.recapturePayment({ orderId, ...again });
    await assert.rejects(record(orderId, 401), { name: 'Refusal', code: 'RefundExceedsCapture' });
    await record(orderId, 400);
  });

  it('is refused without a captured payment, and in another currency', async () => {
    const request = paymentRequest();
    await bench.payment.authorizePayment(request);
    await assert.rejects(record(request.orderId, 1), { name: 'Refusal', code: 'NotCaptured' });
    const orderId = await captured();
    const euros = { orderId, refundId: randomUUID(), amount: { amountMinor: 1, currency: 'EUR' } };
    await assert.rejects(bench.payment.recordManualRefund(euros), { name: 'Refusal', code: 'RefundRefused' });
  });
});
