import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, pounds } from '../../stage/test-payment-service.ts';

const NOTHING = { meaning: 'nothing' };

describe('a capture that fails after the processor had said yes', () => {
  const bench = paymentBench();
  const { authorized, renewal, renewed, sumsOf, ledgerOf, receive } = renewals(bench);
  const event = (orderId: string, holdId = orderId) => receive(`${orderId} ${holdId} captures`);
  const receiptOf = (orderId: string, key: string) =>
    `capture-${bench.processor.ledger.findIndex((entry) => entry.key === `${orderId}:${key}`) + 1}`;
  const failed = (orderId: string, amountMinor = 1000, parcelId = orderId) => ({
    meaning: 'captureFailed',
    orderId,
    captures: [{ parcelId, amount: pounds(amountMinor) }],
  });
  /** A payment of 1,000 pence that was captured and taken back. */
  const takenBack = async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment({ orderId });
    bench.processor.failCapture(receiptOf(orderId, 'capture'));
    assert.deepEqual(await event(orderId), failed(orderId));
    return orderId;
  };
  const again = (orderId: string) => ({
    orderId,
    captureId: randomUUID() as string,
    holdId: randomUUID() as string,
    amount: pounds(1000),
  });
  const entries = async (orderId: string) => {
    const { db } = bench.database;
    const query = db.selectFrom('ledger_entries').selectAll().where('order_id', '=', orderId);
    return (await query.orderBy('at').orderBy('effect').orderBy('debit_account').execute()).map(
      ({ effect, debit_account, credit_account, amount_minor }) =>
        `${effect.replaceAll(orderId, '1')} ${debit_account} ${credit_account} ${amount_minor}`,
    );
  };
  const booked = async (orderId: string) => {
    const requests = createPaymentRequests({ db: bench.database.db, processor: bench.processor });
    const {
      orderId: _id,
      currency: _currency,
      ...totals
    } = (await requests.listBooks({ limit: 1000 })).items.find((item) => item.orderId === orderId)!;
    return Object.values(totals);
  };

  it('is taken back once by counter-entries, however often the event comes', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(await event(orderId), NOTHING);
    bench.processor.failCapture(receiptOf(orderId, 'capture'));
    const answers = await Promise.all([1, 2, 3].map(() => event(orderId)));
    for (const answer of [...answers, await event(orderId)]) assert.deepEqual(answer, failed(orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 1000, 0, 0]);
    assert.deepEqual((await entries(orderId)).slice(3), [
      'capture_failed:1 card_holds uncaptured_orders 1000',
      'capture_failed:1 sales processor_receivable 1000',
      'expired:1:capture_failed:1 uncaptured_orders card_holds 1000',
    ]);
    assert.deepEqual((await bench.events(orderId)).slice(1), ['payment.captured', 'payment.capture_failed']);
    assert.deepEqual(await booked(orderId), [1000, 1000, 0, 0, 0, 0]);
  });

  it('is no refusal of the request for it, and leaves nothing to refund', async () => {
    const orderId = await takenBack();
    const asked = bench.processor.asked.length;
    assert.deepEqual(await bench.restarted().capturePayment({ orderId }), { captured: pounds(1000) });
    const refund = { orderId, refundId: randomUUID(), amount: pounds(1) };
    await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundExceedsCapture' });
    assert.equal(bench.processor.asked.length, asked, 'the processor was asked');
  });

  it('is captured again with another hold, once, and then refunded like any other', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    for (const _again of [1, 2]) await bench.payment.recapturePayment(request);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
    assert.deepEqual(ledgerOf(orderId, request.holdId).slice(-2), ['authorize 1 1000', 'capture 1 1000']);
    assert.deepEqual(await booked(orderId), [2000, 1000, 1000, 0, 0, 0]);
    assert.deepEqual(await event(orderId), failed(orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
    await bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) });
    await assert.rejects(bench.payment.renewHold(renewal(orderId)), { code: 'Undone' });
  });

  for (const step of ['authorize', 'capture'] as const) {
    it(`is captured again once, although the response to ${step} was lost`, async () => {
      const orderId = await takenBack();
      const request = again(orderId);
      bench.processor.dieAfter(step);
      await assert.rejects(bench.payment.recapturePayment(request), /socket hang up/);
      for (const tooEarly of ['forgoCapture', 'recordManualCapture'] as const) {
        if (step === 'capture') await assert.rejects(bench.payment[tooEarly](request), /it is not known whether/);
      }
      await bench.restarted().recapturePayment(request);
      assert.deepEqual(ledgerOf(orderId, request.holdId).slice(-2), ['authorize 1 1000', 'capture 1 1000']);
      assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
      await assert.rejects(bench.payment.forgoCapture(request), { name: 'Refusal', code: 'AlreadyCaptured' });
    });
  }

  it('is captured again once, although a void came while its outcome was unknown', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.recapturePayment(request), /socket hang up/);
    await assert.rejects(bench.payment.voidPayment({ orderId }), /a capture of order .* is under way/);
    await bench.restarted().recapturePayment({ ...request, holdId: randomUUID() });
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('is captured again after the card was refused, with a hold of its own each time', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    bench.processor.refuse('authorize', 'CardDeclined');
    for (const _again of [1, 2])
      await assert.rejects(bench.payment.recapturePayment(request), { code: 'CardDeclined' });
    bench.processor.refuse('authorize', undefined);
    bench.processor.refuse('capture', 'CaptureRefused');
    const second = { ...request, holdId: randomUUID() };
    await assert.rejects(bench.payment.recapturePayment(second), { code: 'CaptureRefused' });
    bench.processor.refuse('capture', undefined);
    const third = { ...request, holdId: randomUUID() };
    await bench.payment.recapturePayment(third);
    assert.deepEqual(await sumsOf(orderId), ['captured', 3000, 2000, 1000, 0]);
    assert.equal(bench.processor.held(orderId), 0);
    assert.deepEqual(ledgerOf(orderId, second.holdId, third.holdId).slice(-4), [
      'authorize 1 1000',
      'authorize 2 1000',
      'capture 2 1000',
      'void 1 1000',
    ]);
  });

  it('may fail once more, and is then another one', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    await bench.payment.recapturePayment(request);
    bench.processor.failCapture(receiptOf(orderId, `capture:${request.captureId}`));
    assert.deepEqual(await event(orderId, request.holdId), failed(orderId, 1000, request.captureId));
    assert.deepEqual(await event(orderId), failed(orderId));
    await bench.payment.recapturePayment(again(orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 3000, 2000, 1000, 0]);
  });

  it('is given up: a late request captures nothing, and what it holds is released', async () => {
    for (const begun of [false, true]) {
      const orderId = await takenBack();
      const request = again(orderId);
      if (begun) {
        bench.processor.refuse('capture', 'CaptureRefused');
        await assert.rejects(bench.payment.recapturePayment(request), { code: 'CaptureRefused' });
        bench.processor.refuse('capture', undefined);
      }
      for (const _again of [1, 2]) await bench.payment.forgoCapture(request);
      for (const late of [request, { ...request, holdId: randomUUID() }]) {
        await assert.rejects(bench.payment.recapturePayment(late), { name: 'Refusal', code: 'CaptureRefused' });
      }
      const capturing = { orderId, parcelId: request.captureId, amount: pounds(1000), outstanding: pounds(1000) };
      await assert.rejects(bench.payment.capturePayment(capturing), { name: 'Refusal', code: 'CaptureRefused' });
      assert.equal(bench.processor.held(orderId), 0);
      assert.equal((await bench.paymentOf(orderId)).captured_minor, 0);
    }
  });

  it('is given up while a request for it waits: that is refused when it goes on', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    const gate = bench.processor.hold('authorize', 'after');
    const late = bench.payment.recapturePayment(request);
    await gate.reached;
    await bench.payment.forgoCapture(request);
    gate.release();
    await assert.rejects(late, { name: 'Refusal' });
    await bench.payment.voidPayment({ orderId }).catch(() => undefined);
    assert.equal(bench.processor.held(orderId), 0);
    assert.equal((await bench.paymentOf(orderId)).captured_minor, 0);
  });

  it('is paid in another way: the books say so, and refunds of it are paid in another way too', async () => {
    const orderId = await takenBack();
    const request = again(orderId);
    for (const _again of [1, 2]) await bench.payment.recordManualCapture(request);
    assert.deepEqual(await booked(orderId), [1000, 1000, 0, 1000, 0, 0]);
    assert.equal((await entries(orderId)).at(-1), `manual_capture:${request.captureId} bank sales 1000`);
    const refund = { orderId, refundId: randomUUID() as string, amount: pounds(400) };
    await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
    await bench.payment.recordManualRefund(refund);
    const tooMuch = { ...refund, refundId: randomUUID(), amount: pounds(601) };
    await assert.rejects(bench.payment.recordManualRefund(tooMuch), { code: 'RefundExceedsCapture' });
    await assert.rejects(bench.payment.recapturePayment(request), { code: 'CaptureRefused' });
  });

  it('keeps what was refunded before', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment({ orderId });
    await bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(400) });
    bench.processor.failCapture(receiptOf(orderId, 'capture'));
    assert.deepEqual(await event(orderId), failed(orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 1000, 0, 400]);
    const refund = (amountMinor: number) =>
      bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(amountMinor) });
    await assert.rejects(refund(1), { code: 'RefundExceedsCapture' });
    await bench.payment.recapturePayment(again(orderId));
    await assert.rejects(refund(601), { code: 'RefundExceedsCapture' });
    await refund(600);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 1000]);
  });

  it('leaves the other parcels; it is captured again once they have left', async () => {
    const orderId = await authorized();
    const other = { orderId, parcelId: randomUUID(), amount: pounds(600), outstanding: pounds(600) };
    await bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
    bench.processor.failCapture(receiptOf(orderId, 'capture'));
    assert.deepEqual(await event(orderId), failed(orderId, 400));
    assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 400, 0, 0]);
    const request = { ...again(orderId), amount: pounds(400) };
    await assert.rejects(bench.payment.recapturePayment(request), { code: 'CaptureRefused', message: /other parcels/ });
    await assert.rejects(bench.payment.capturePayment(other), { code: 'HoldExpired' });
    const holdId = await renewed(orderId, 600);
    await bench.payment.capturePayment(other);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1600, 1000, 600, 0]);
    await bench.payment.recapturePayment(request);
    assert.deepEqual(ledgerOf(orderId, holdId, request.holdId).slice(-2), ['authorize 2 400', 'capture 2 400']);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('waits for the outcome of the request if the event comes first', async () => {
    const orderId = await authorized();
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment({ orderId }), /socket hang up/);
    bench.processor.failCapture(receiptOf(orderId, 'capture'));
    await assert.rejects(event(orderId), /a capture of order .* is under way/);
    await bench.restarted().capturePayment({ orderId });
    assert.deepEqual(await event(orderId), failed(orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 1000, 0, 0]);
  });

  it('is the only thing that can be captured again', async () => {
    const orderId = await bench.captured();
    for (const operation of ['recapturePayment', 'forgoCapture', 'recordManualCapture'] as const) {
      await assert.rejects(bench.payment[operation](again(orderId)), { name: 'Refusal', code: 'NotCaptured' });
    }
  });
});
