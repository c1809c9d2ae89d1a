import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CardProcessor } from '../../../services/payment/processor.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { eventually } from '../../stage/eventually.ts';
import { withSandbox, withStripe } from '../../stage/processor-events.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('a refund that fails after the processor had said yes', () => {
  const bench = paymentBench();
  const requestsOf = (processor: CardProcessor) => createPaymentRequests({ db: bench.database.db, processor });
  const receive = (payload: string) => requestsOf(bench.processor).receiveEvent({ payload, signature: 'right' });
  const refunded = async (amountMinor = 400) => {
    const orderId = await bench.captured();
    const refund = { orderId, refundId: randomUUID() as string, amount: pounds(amountMinor) };
    await bench.payment.refundPayment(refund);
    return { refund, id: bench.processor.ledger.length };
  };
  const sumsOf = async (orderId: string) => {
    const { refunded_minor, refund_reserved_minor, manually_refunded_minor } = await bench.paymentOf(orderId);
    return [refunded_minor, refund_reserved_minor, manually_refunded_minor];
  };

  it('is taken back once, however often the event comes', async () => {
    const { refund, id } = await refunded();
    const { orderId, refundId, amount } = refund;
    const event = `${orderId} ${orderId} refund-${id}`;
    assert.deepEqual(await receive(event), { meaning: 'nothing' });
    assert.deepEqual(await sumsOf(orderId), [400, 0, 0]);

    bench.processor.failRefund(`refund-${id}`);
    const answers = await Promise.all([1, 2, 3].map(() => receive(event)));
    for (const answer of [...answers, await receive(event)]) {
      assert.deepEqual(answer, { meaning: 'refundFailed', orderId, refundId, holdId: orderId, amount });
    }
    assert.deepEqual(await sumsOf(orderId), [0, 0, 0]);
    const events = await bench.events(orderId);
    assert.deepEqual(events.slice(2), ['payment.refunded', 'payment.refund_failed']);
    const entries = await bench.database.db
      .selectFrom('ledger_entries')
      .select(['effect', 'debit_account', 'credit_account', 'amount_minor'])
      .where('order_id', '=', orderId)
      .where('effect', 'like', 'refund%')
      .orderBy('at')
      .execute();
    assert.deepEqual(
      entries.map((entry) => Object.values(entry).join(' ')),
      [
        `refund:${refundId} refunds processor_receivable 400`,
        `refund_failed:${refundId} processor_receivable refunds 400`,
      ],
    );
    const { items } = await requestsOf(bench.processor).listBooks({ limit: 1000 });
    const book = items.find((item) => item.orderId === orderId)!;
    assert.deepEqual([book.capturedMinor, book.refundedMinor], [1250, 0]);
  });

  it('is no refusal of the request for it, unless a person has given it up', async () => {
    const { refund, id } = await refunded();
    const { orderId } = refund;
    const event = `${orderId} ${orderId} refund-${id}`;
    bench.processor.failRefund(`refund-${id}`);
    await receive(event);
    const asked = bench.processor.asked.length;
    await bench.restarted().refundPayment(refund);
    for (const _again of [1, 2]) {
      assert.deepEqual(await bench.payment.forgoRefund(refund), { refunded: pounds(0) });
    }
    await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
    assert.equal(bench.processor.asked.length, asked, 'the processor was asked again');
    assert.equal((await receive(event)).meaning, 'refundFailed');
    assert.deepEqual(await sumsOf(orderId), [0, 0, 0]);
  });

  it('may be paid by a person in another way', async () => {
    const { refund, id } = await refunded(1250);
    const { orderId } = refund;
    bench.processor.failRefund(`refund-${id}`);
    await receive(`${orderId} ${orderId} refund-${id}`);
    await bench.payment.recordManualRefund(refund);
    await assert.rejects(bench.payment.refundPayment(refund), { name: 'Refusal', code: 'RefundRefused' });
    assert.deepEqual(await sumsOf(orderId), [0, 0, 1250]);
    // Another refund is possible only of what is left.
    await assert.rejects(bench.payment.refundPayment({ ...refund, refundId: randomUUID(), amount: pounds(1) }), {
      code: 'RefundExceedsCapture',
    });
  });

  it('leaves its amount for another refund', async () => {
    const { refund, id } = await refunded(1250);
    const { orderId } = refund;
    bench.processor.failRefund(`refund-${id}`);
    await receive(`${orderId} ${orderId} refund-${id}`);
    await bench.payment.refundPayment({ ...refund, refundId: randomUUID() });
    assert.deepEqual(await sumsOf(orderId), [1250, 0, 0]);
  });

  it('waits for the outcome of the request if the event comes first', async () => {
    const orderId = await bench.captured();
    const refund = { orderId, refundId: randomUUID(), amount: pounds(400) };
    bench.processor.dieAfter('refund');
    await assert.rejects(bench.payment.refundPayment(refund), /socket hang up/);
    const id = `refund-${bench.processor.ledger.length}`;
    bench.processor.failRefund(id);
    const event = `${orderId} ${orderId} ${id}`;
    await assert.rejects(receive(event), /a refund of order .* is under way/);
    await bench.payment.refundPayment(refund);
    assert.equal((await receive(event)).meaning, 'refundFailed');
    assert.deepEqual(await sumsOf(orderId), [0, 0, 0]);
  });

  it('takes back its part, if it was paid from several holds', async () => {
    const request = paymentRequest({ amount: pounds(1000) });
    const { orderId } = request;
    const renewal = { ...request, holdId: randomUUID(), amount: pounds(600) };
    await bench.payment.authorizePayment(request);
    await bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
    await bench.payment.renewHold(renewal);
    await bench.payment.capturePayment({ orderId, parcelId: randomUUID(), amount: pounds(600) });
    const refund = { orderId, refundId: randomUUID(), amount: pounds(900) };
    await bench.payment.refundPayment(refund);
    const second = bench.processor.ledger.findIndex(({ key }) => key === `${orderId}:refund:${refund.refundId}:2`) + 1;
    bench.processor.failRefund(`refund-${second}`);
    const answer = await receive(`${orderId} ${renewal.holdId} refund-${second}`);
    assert.deepEqual(answer, {
      meaning: 'refundFailed',
      ...refund,
      holdId: renewal.holdId,
      amount: pounds(500),
    });
    assert.deepEqual(await sumsOf(orderId), [400, 0, 0]);
    // What the processor has paid of it is not paid again.
    await bench.payment.recordManualRefund(refund);
    assert.deepEqual(await sumsOf(orderId), [400, 0, 500]);
    const first = bench.processor.ledger.findIndex(({ key }) => key === `${orderId}:refund:${refund.refundId}`) + 1;
    bench.processor.failRefund(`refund-${first}`);
    assert.deepEqual(await receive(`${orderId} ${orderId} refund-${first}`), {
      meaning: 'refundFailed',
      ...refund,
      holdId: orderId,
      amount: pounds(400),
    });
    assert.deepEqual(await sumsOf(orderId), [0, 0, 500]);
  });

  it('means nothing if the refund is none of ours', async () => {
    const orderId = await bench.captured();
    assert.deepEqual(await receive(`${orderId} ${orderId} refund-by-hand`), { meaning: 'nothing' });
  });

  it('is told by the sandbox processor for pm_sandbox_refundFailsLater', () =>
    withSandbox(bench, async ({ payment, meanings, ledger }) => {
      const request = paymentRequest({ paymentMethod: 'pm_sandbox_refundFailsLater' });
      const { orderId } = request;
      const refund = { orderId, refundId: randomUUID() as string, amount: pounds(400) };
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId });
      await payment.refundPayment(refund);
      await eventually(async () => assert.equal(meanings.length, 1));
      assert.deepEqual(meanings, [{ meaning: 'refundFailed', ...refund, holdId: orderId }]);
      assert.deepEqual(await sumsOf(orderId), [0, 0, 0]);
      assert.deepEqual(await ledger(orderId), ['authorization 1250', 'capture 1250']);
    }));

  it('is told by Stripe', () =>
    withStripe(bench, async ({ stripe, payment, receive: receiveFromStripe }) => {
      const request = paymentRequest();
      const { orderId } = request;
      const refund = { orderId, refundId: randomUUID() as string, amount: pounds(400) };
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId });
      await payment.refundPayment(refund);
      const event = () => receiveFromStripe('refund.failed', { id: 're_1', object: 'refund', payment_intent: 'pi_1' });
      // The content is not believed.
      assert.deepEqual(await event(), { meaning: 'nothing' });
      stripe.failRefund('re_1');
      for (const _again of [1, 2]) {
        assert.deepEqual(await event(), { meaning: 'refundFailed', ...refund, holdId: orderId });
      }
      assert.deepEqual(await sumsOf(orderId), [0, 0, 0]);
    }));
});
