import assert from 'node:assert/strict';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { MUST_CONFIRM } from '../../stage/fake-card-processor.ts';
import { paymentBench, paymentRequest } from '../../stage/test-payment-service.ts';

describe('a payment that the card’s holder must confirm', () => {
  const bench = paymentBench();
  const confirmable = () => {
    const request = { ...paymentRequest(), customerMayAct: true };
    bench.processor.awaitHolder(request.orderId);
    return request;
  };
  const receive = (payload: string, signature = 'right') =>
    createPaymentRequests({ db: bench.database.db, processor: bench.processor }).receiveEvent({ payload, signature });

  it('says what the holder must do, until the holder has done it', async () => {
    const request = confirmable();
    const expected = { authorizationId: null, ...MUST_CONFIRM };
    assert.deepEqual(await bench.payment.authorizePayment(request), expected);
    assert.deepEqual(await bench.restarted().authorizePayment(request), expected);
    assert.equal((await bench.paymentOf(request.orderId)).status, 'pending');
    assert.deepEqual(await bench.events(request.orderId), []);

    bench.processor.holderConfirms(request);
    const { authorizationId, customerAction } = await bench.restarted().authorizePayment(request);
    assert.match(authorizationId!, /^authorize-/);
    assert.equal(customerAction, undefined);
    assert.equal((await bench.paymentOf(request.orderId)).authorized_minor, 1250);
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized']);
  });

  it('is asked for at the processor once', async () => {
    const request = confirmable();
    await bench.payment.authorizePayment(request);
    await bench.payment.authorizePayment(request);
    assert.deepEqual(bench.processor.asked, [`${request.orderId}:authorize`]);
  });

  it('stays refused once the holder has refused', async () => {
    const request = confirmable();
    await bench.payment.authorizePayment(request);
    bench.processor.holderRefuses(request.orderId);
    for (const service of [bench.payment, bench.restarted()]) {
      await assert.rejects(service.authorizePayment(request), { name: 'Refusal', code: 'PaymentNotCompleted' });
    }
    assert.equal((await bench.paymentOf(request.orderId)).status, 'declined');
  });

  it('is voided while it waits, and holds nothing', async () => {
    const request = confirmable();
    await bench.payment.authorizePayment(request);
    await bench.payment.voidPayment({ orderId: request.orderId });
    await assert.rejects(bench.payment.authorizePayment(request), { code: 'Undone' });
    assert.equal(bench.processor.held(request.orderId), 0);
  });

  describe('and confirms after the void', () => {
    it('is held late, and is released once', async () => {
      const request = confirmable();
      const { orderId } = request;
      await bench.payment.authorizePayment(request);
      await bench.payment.voidPayment({ orderId });
      bench.processor.holderConfirms(request, { late: true });
      assert.equal(bench.processor.held(orderId), 1250);
      assert.deepEqual(await receive(orderId), { meaning: 'heldLate', orderId });

      await bench.payment.releaseLateHold({ orderId });
      await bench.restarted().releaseLateHold({ orderId });
      assert.equal(bench.processor.held(orderId), 0);
      assert.deepEqual(bench.effects(orderId), ['authorize', 'release']);
      const { authorized_minor, voided_minor, status } = await bench.paymentOf(orderId);
      assert.deepEqual([authorized_minor, voided_minor, status], [1250, 1250, 'voided']);
      assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.voided']);
      assert.deepEqual(await receive(orderId), { meaning: 'nothing' });
    });

    it('releases nothing of a payment that was not voided', async () => {
      const request = paymentRequest();
      await bench.payment.authorizePayment(request);
      const release = bench.payment.releaseLateHold({ orderId: request.orderId });
      await assert.rejects(release, { name: 'Refusal', code: 'NotUndone' });
      assert.equal(bench.processor.held(request.orderId), 1250);
    });
  });

  describe('an event of the processor', () => {
    it('says that an order waits for it', async () => {
      const request = confirmable();
      const { orderId } = request;
      await bench.payment.authorizePayment(request);
      assert.deepEqual(await receive(orderId), { meaning: 'awaited', orderId });
      assert.deepEqual(await receive(orderId), { meaning: 'awaited', orderId });
    });

    it('means nothing before the holder was told to confirm', async () => {
      const { orderId } = confirmable();
      await bench.database.db
        .insertInto('payments')
        .values({ order_id: orderId, amount_minor: 1250, currency: 'GBP', payment_method: 'pm_card_visa' })
        .execute();
      assert.deepEqual(await receive(orderId), { meaning: 'nothing' });
    });

    it('waits while a void is under way, and means nothing where the void was refused', async () => {
      const request = confirmable();
      const { orderId } = request;
      await bench.payment.authorizePayment(request);
      bench.processor.holderConfirms(request);
      bench.processor.dieBefore('void');
      await assert.rejects(bench.payment.voidPayment({ orderId }));
      await assert.rejects(receive(orderId), /the void of order .* is under way/);
      bench.processor.refuse('void', 'VoidRefused');
      await assert.rejects(bench.payment.voidPayment({ orderId }), { code: 'VoidRefused' });
      assert.equal(bench.processor.held(orderId), 1250);
      assert.deepEqual(await receive(orderId), { meaning: 'nothing' });
      bench.processor.refuse('void', undefined);
    });

    it('means nothing where a capture was faster than a void', async () => {
      const request = paymentRequest();
      const { orderId } = request;
      await bench.payment.authorizePayment(request);
      const gate = bench.processor.hold('capture', 'before');
      const capturing = bench.payment.capturePayment({ orderId });
      await gate.reached;
      await assert.rejects(bench.payment.voidPayment({ orderId }), /a capture of order .* is under way/);
      gate.release();
      await capturing;
      assert.deepEqual(await receive(orderId), { meaning: 'nothing' });
      await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'AlreadyCaptured' });
    });

    it('means nothing when nobody waits: of an authorized payment, of an unknown one, and of none', async () => {
      const request = paymentRequest();
      await bench.payment.authorizePayment(request);
      for (const payload of [request.orderId, paymentRequest().orderId, '']) {
        assert.deepEqual(await receive(payload), { meaning: 'nothing' });
      }
    });

    it('is refused without its signature', async () => {
      await assert.rejects(receive('', 'wrong'), { name: 'Refusal', code: 'InvalidSignature' });
    });
  });
});
