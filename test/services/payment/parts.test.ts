import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { createFakeProcessor } from '../../stage/fake-card-processor.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('an order that is captured in parts', () => {
  const bench = paymentBench();
  const authorized = async () => {
    const request = paymentRequest({ amount: pounds(1000) });
    await bench.payment.authorizePayment(request);
    return request.orderId;
  };
  const part = (orderId: string, amountMinor: number, outstandingMinor: number, parcelId: string = randomUUID()) => ({
    orderId,
    parcelId,
    amount: pounds(amountMinor),
    outstanding: pounds(outstandingMinor),
  });
  const sumsOf = async (orderId: string) => {
    const { status, authorized_minor, voided_minor, captured_minor, capture_reserved_minor } =
      await bench.paymentOf(orderId);
    return [status, authorized_minor, voided_minor, captured_minor, capture_reserved_minor];
  };

  it('takes what each parcel costs, and releases the rest with the last one', async () => {
    const orderId = await authorized();
    const [first, last] = [part(orderId, 400, 900, orderId), part(orderId, 500, 500)];
    assert.deepEqual(await bench.payment.capturePayment(first), { captured: pounds(400) });
    assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 0, 400, 0]);
    assert.deepEqual(await bench.payment.capturePayment(last), { captured: pounds(500) });
    assert.deepEqual(await bench.restarted().capturePayment(last), { captured: pounds(500) });
    assert.deepEqual(await bench.restarted().capturePayment(first), { captured: pounds(400) });
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900, 0]);
    const step = `capture:${last.parcelId}`;
    assert.deepEqual(bench.effects(orderId), ['authorize', 'capture', step, step]);
    assert.deepEqual(await bench.events(orderId), [
      'payment.authorized',
      'payment.captured',
      'payment.captured',
      'payment.voided',
    ]);
    await assert.rejects(bench.payment.capturePayment(part(orderId, 100, 100)), { code: 'NotAuthorized' });
  });

  it('captures each parcel once, in parallel requests and repeats', async () => {
    const orderId = await authorized();
    const parts = [part(orderId, 400, 1000, orderId), part(orderId, 350, 1000), part(orderId, 250, 1000)];
    await Promise.all([...parts, ...parts, ...parts].map((request) => bench.payment.capturePayment(request)));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 0, 1000, 0]);
    assert.equal(bench.processor.ledger.filter(({ type }) => type === 'capture').length >= 3, true);
    assert.equal(bench.effects(orderId).length, 4);
  });

  it('is never captured above what is held', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment(part(orderId, 700, 1000, orderId));
    const before = bench.processor.asked.length;
    await assert.rejects(bench.payment.capturePayment(part(orderId, 301, 301)), {
      name: 'Refusal',
      code: 'CaptureRefused',
    });
    assert.equal(bench.processor.asked.length, before, 'the processor was asked');
  });

  it('waits for a capture whose outcome decides whether there is room', async () => {
    const orderId = await authorized();
    const first = part(orderId, 700, 1000, orderId);
    bench.processor.dieBefore('capture');
    await assert.rejects(bench.payment.capturePayment(first), /socket hang up/);
    assert.deepEqual(await sumsOf(orderId), ['authorized', 1000, 0, 0, 700]);
    const second = part(orderId, 400, 400);
    await assert.rejects(bench.payment.capturePayment(second), /another capture of order .* is under way/);
    bench.processor.refuse('capture', 'CaptureRefused');
    await assert.rejects(bench.payment.capturePayment(first), { code: 'CaptureRefused' });
    bench.processor.refuse('capture', undefined);
    await bench.payment.capturePayment(second);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400, 0]);
  });

  it('does not release what another capture is about to take', async () => {
    const orderId = await authorized();
    const gate = bench.processor.hold('capture', 'before');
    const first = bench.payment.capturePayment(part(orderId, 400, 1000, orderId));
    await gate.reached;
    const last = part(orderId, 500, 500);
    await assert.rejects(bench.payment.capturePayment(last), /is under way/);
    gate.release();
    await first;
    await bench.payment.capturePayment(last);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900, 0]);
  });

  for (const lastIsFirst of [false, true]) {
    it(`ends with concurrent captures of all that is held, the last one ${lastIsFirst ? 'faster' : 'slower'}`, async () => {
      const orderId = await authorized();
      const renewal = { orderId, holdId: randomUUID(), amount: pounds(900), paymentMethod: 'pm_card_visa' };
      await bench.payment.renewHold(renewal);
      const gates = [bench.processor.hold('capture', 'after'), bench.processor.hold('capture', 'after')] as const;
      const first = bench.payment.capturePayment(part(orderId, 400, 900, orderId));
      await gates[0].reached;
      const last = bench.payment.capturePayment(part(orderId, 500, 500));
      await gates[1].reached;
      const order = [
        [gates[0], first],
        [gates[1], last],
      ] as const;
      for (const [gate, request] of lastIsFirst ? order.toReversed() : order) {
        gate.release();
        await request;
      }
      assert.deepEqual(await sumsOf(orderId), ['captured', 1900, 1000, 900, 0]);
    });
  }

  it('takes nothing while the last capture is under way', async () => {
    const orderId = await authorized();
    const gate = bench.processor.hold('capture', 'before');
    const last = bench.payment.capturePayment(part(orderId, 400, 400, orderId));
    await gate.reached;
    await assert.rejects(bench.payment.capturePayment(part(orderId, 100, 600)), /is under way/);
    gate.release();
    await last;
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400, 0]);
  });

  it('finds a part whose response was lost, and asks for the same although less is outstanding by now', async () => {
    const orderId = await authorized();
    const request = part(orderId, 400, 1000, orderId);
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment(request), /socket hang up/);
    await bench.restarted().capturePayment({ ...request, outstanding: pounds(400) });
    assert.equal(bench.processor.asked.filter((key) => key.endsWith(':capture')).length, 1);
    // The other parcel was canceled meanwhile: what the capture has left is released.
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400, 0]);
    assert.equal(bench.processor.held(orderId), 0);
  });

  it('does not treat a request with a different amount as a repeat', async () => {
    const orderId = await authorized();
    const request = part(orderId, 400, 1000);
    await bench.payment.capturePayment(request);
    await assert.rejects(bench.payment.capturePayment({ ...request, amount: pounds(401) }), /with a different amount/);
    await assert.rejects(bench.payment.capturePayment({ ...request, amount: { amountMinor: 400, currency: 'EUR' } }));
  });

  it('is refused once a void was requested, and cannot be voided once a part was captured', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment(part(orderId, 400, 1000, orderId));
    await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'AlreadyCaptured' });
    assert.equal((await bench.paymentOf(orderId)).undone, false);
    await bench.payment.capturePayment(part(orderId, 600, 600));
  });

  it('can be refunded as soon as a part is captured, up to that part', async () => {
    const orderId = await authorized();
    const refund = (amountMinor: number) =>
      bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(amountMinor) });
    await bench.payment.capturePayment(part(orderId, 400, 1000, orderId));
    await refund(300);
    await assert.rejects(refund(101), { name: 'Refusal', code: 'RefundExceedsCapture' });
    await bench.payment.capturePayment(part(orderId, 600, 600));
    await refund(700);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 1000);
  });

  it('takes nothing for a parcel that costs nothing, without asking the processor', async () => {
    const orderId = await authorized();
    assert.deepEqual(await bench.payment.capturePayment(part(orderId, 0, 1000)), { captured: pounds(0) });
    await bench.payment.capturePayment(part(orderId, 900, 900, orderId));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900, 0]);
    assert.equal(bench.processor.asked.filter((key) => key.includes(':capture')).length, 1);
  });

  it('releases what is held if the last parcel costs nothing', async () => {
    const orderId = await authorized();
    await bench.payment.capturePayment(part(orderId, 900, 900 + 1, orderId));
    await bench.payment.capturePayment(part(orderId, 0, 0));
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900, 0]);
    assert.equal(bench.processor.held(orderId), 0);
  });

  it('is reported while a replaced hold is held after the last capture, because its release was refused', async () => {
    const { checkBalances } = createPaymentRequests({ db: bench.database.db, processor: bench.processor });
    const orderId = await authorized();
    const renewal = { orderId, holdId: randomUUID(), amount: pounds(1000), paymentMethod: 'pm_card_visa' };
    await bench.payment.renewHold(renewal);
    bench.processor.refuse('void', 'VoidRefused');
    await bench.payment.capturePayment({ orderId });
    const { discrepancies } = await checkBalances({});
    assert.deepEqual(discrepancies, [`payment of order ${orderId}: 1000 still held although nothing more is captured`]);
    bench.processor.refuse('void', undefined);
    await bench.payment.capturePayment({ orderId });
  });

  describe('and whose rest is released', () => {
    it('gives back what is held, once, and ends the payment', async () => {
      const orderId = await authorized();
      await bench.payment.capturePayment(part(orderId, 400, 1000, orderId));
      assert.deepEqual(await bench.payment.releaseRest({ orderId }), { released: true });
      assert.deepEqual(await bench.restarted().releaseRest({ orderId }), { released: true });
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400, 0]);
      assert.deepEqual(bench.effects(orderId), ['authorize', 'capture', 'rest']);
      await assert.rejects(bench.payment.capturePayment(part(orderId, 100, 100)), { code: 'NotAuthorized' });
    });

    it('is voided if nothing was captured', async () => {
      const orderId = await authorized();
      assert.deepEqual(await bench.payment.releaseRest({ orderId }), { released: true });
      assert.deepEqual(await sumsOf(orderId), ['voided', 1000, 1000, 0, 0]);
      await assert.rejects(bench.payment.capturePayment({ orderId }), { code: 'NotAuthorized' });
      assert.deepEqual(await bench.payment.voidPayment({ orderId }), { released: false });
    });

    it('has nothing to release after the last capture, nor where nothing was ever requested', async () => {
      const orderId = await bench.captured();
      assert.deepEqual(await bench.payment.releaseRest({ orderId }), { released: false });
      assert.deepEqual(await bench.payment.releaseRest({ orderId: randomUUID() }), { released: false });
      assert.deepEqual(bench.effects(orderId), ['authorize', 'capture']);
    });

    it('waits for a capture that is under way', async () => {
      const orderId = await authorized();
      const request = part(orderId, 400, 1000, orderId);
      bench.processor.dieAfter('capture');
      await assert.rejects(bench.payment.capturePayment(request), /socket hang up/);
      await assert.rejects(bench.payment.releaseRest({ orderId }), /a capture of order .* is under way/);
      await bench.payment.capturePayment(request);
      await bench.payment.releaseRest({ orderId });
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400, 0]);
    });

    it('retries under a new key after the processor refused, and finds a lost response', async () => {
      const orderId = await authorized();
      await bench.payment.capturePayment(part(orderId, 400, 1000, orderId));
      bench.processor.refuse('void', 'VoidRefused');
      await assert.rejects(bench.payment.releaseRest({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
      bench.processor.refuse('void', undefined);
      bench.processor.dieAfter('void');
      await assert.rejects(bench.payment.releaseRest({ orderId }), /socket hang up/);
      assert.deepEqual(await bench.restarted().releaseRest({ orderId }), { released: true });
      assert.deepEqual(bench.effects(orderId), ['authorize', 'capture', 'rest#2']);
    });
  });
});

describe('an order with several parcels at a processor that captures once', () => {
  const bench = paymentBench();

  it('is captured with the first parcel, and the others take nothing', async () => {
    const processor = createFakeProcessor({ capturesSeveralTimes: false });
    const payment = createPaymentActivities({ db: bench.database.db, processor });
    const request = paymentRequest({ amount: pounds(1000) });
    const { orderId } = request;
    await payment.authorizePayment(request);
    const part = (amountMinor: number, outstandingMinor: number) => ({
      orderId,
      parcelId: randomUUID(),
      amount: pounds(amountMinor),
      outstanding: pounds(outstandingMinor),
    });
    assert.deepEqual(await payment.capturePayment(part(400, 900)), { captured: pounds(900) });
    assert.deepEqual(await payment.capturePayment(part(300, 500)), { captured: pounds(0) });
    const last = part(200, 200);
    for (const _again of [1, 2]) assert.deepEqual(await payment.capturePayment(last), { captured: pounds(0) });
    await assert.rejects(payment.capturePayment(part(1, 1)), { name: 'Refusal', code: 'NotAuthorized' });
    const { status, captured_minor, voided_minor } = await bench.paymentOf(orderId);
    assert.deepEqual([status, captured_minor, voided_minor], ['captured', 900, 100]);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.captured', 'payment.voided']);
    assert.equal(processor.asked.filter((key) => key.includes(':capture')).length, 1);
  });
});
