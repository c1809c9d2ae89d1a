import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../../stage/eventually.ts';
import { withSandbox, withStripe } from '../../stage/processor-events.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

const NOTHING = { meaning: 'nothing' };

describe('the event that a hold has expired', () => {
  const bench = paymentBench();
  const { authorized, renewal, renewed, sumsOf, ledgerOf, receive } = renewals(bench);
  const expiry = (orderId: string, holdId = orderId) => receive(`${orderId} ${holdId} expired`);
  const expired = (orderId: string, holdId = orderId) => ({ meaning: 'holdExpired', orderId, holdId });
  const entries = async (orderId: string) => {
    const { db } = bench.database;
    const query = db.selectFrom('ledger_entries').select(['effect', 'amount_minor']).where('order_id', '=', orderId);
    return (await query.orderBy('at').execute()).map(({ effect, amount_minor }) => `${effect} ${amount_minor}`);
  };

  it('is believed once the processor says so; the books record it once, and every repeat means the same', async () => {
    const orderId = await authorized();
    assert.deepEqual(await expiry(orderId), NOTHING);
    bench.processor.releaseExpired(orderId);
    const answers = await Promise.all([1, 2, 3].map(() => expiry(orderId)));
    for (const answer of [...answers, await expiry(orderId)]) assert.deepEqual(answer, expired(orderId));
    assert.deepEqual(await sumsOf(orderId), ['expired', 1000, 1000, 0, 0]);
    assert.deepEqual(await entries(orderId), ['authorize 1000', `expired:${orderId} 1000`]);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized', 'payment.voided']);
    // Nothing is asked of the processor that the books rule out.
    await assert.rejects(bench.payment.capturePayment({ orderId }), { name: 'Refusal', code: 'HoldExpired' });
    assert.deepEqual(bench.effects(orderId), ['authorize', 'expired']);
  });

  it('means nothing after another hold has taken the place of this one, which is not released again', async () => {
    const orderId = await authorized();
    const holdId = await renewed(orderId);
    bench.processor.releaseExpired(orderId);
    assert.deepEqual(await expiry(orderId), NOTHING);
    assert.deepEqual(await sumsOf(orderId), ['authorized', 2000, 1000, 0, 0]);
    await bench.payment.releaseReplacedHolds({ orderId });
    assert.deepEqual(await expiry(orderId), NOTHING);
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(ledgerOf(orderId, holdId), [
      'authorize 0 1000',
      'authorize 1 1000',
      'void 0 1000',
      'capture 1 1000',
    ]);
  });

  it('is told again of a renewed hold, whose response was lost', async () => {
    const orderId = await authorized();
    const holdId = await renewed(orderId);
    bench.processor.releaseExpired(orderId, holdId);
    for (const _again of [1, 2]) assert.deepEqual(await expiry(orderId, holdId), expired(orderId, holdId));
    assert.deepEqual(await sumsOf(orderId), ['authorized', 2000, 1000, 0, 0]);
    // The older hold is there until it is released, so that no money is missing meanwhile.
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(ledgerOf(orderId, holdId).slice(-1), ['capture 0 1000']);
  });

  it('leaves what was captured before, and the rest can be held again', async () => {
    const orderId = await authorized();
    const part = (amountMinor: number, outstandingMinor: number) =>
      bench.payment.capturePayment({
        orderId,
        parcelId: randomUUID(),
        amount: pounds(amountMinor),
        outstanding: pounds(outstandingMinor),
      });
    await part(400, 1000);
    bench.processor.releaseExpired(orderId);
    assert.deepEqual(await expiry(orderId), expired(orderId));
    assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 600, 400, 0]);
    await renewed(orderId, 600);
    assert.deepEqual(await expiry(orderId), NOTHING);
    await part(600, 600);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1600, 600, 1000, 0]);
    assert.deepEqual(await expiry(orderId), NOTHING);
  });

  it('waits for a capture under way, which finds out by itself', async () => {
    const orderId = await authorized();
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) }));
    bench.processor.releaseExpired(orderId);
    await assert.rejects(expiry(orderId), /a capture of order .* is under way/);
    await bench.restarted().capturePayment({ orderId, amount: pounds(400), outstanding: pounds(1000) });
    assert.deepEqual(await expiry(orderId), expired(orderId));
    assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 600, 400, 0]);
  });

  it('waits for the outcome of the request that has placed the hold', async () => {
    const request = paymentRequest({ amount: pounds(1000) });
    const { orderId } = request;
    bench.processor.dieAfter('authorize');
    await assert.rejects(bench.payment.authorizePayment(request), /socket hang up/);
    bench.processor.releaseExpired(orderId);
    await assert.rejects(expiry(orderId), /hold .* of order .* is being placed/);
    await bench.restarted().authorizePayment(request);
    assert.deepEqual(await expiry(orderId), expired(orderId));
    assert.deepEqual(await sumsOf(orderId), ['expired', 1000, 1000, 0, 0]);
  });

  it('means nothing for a payment that has ended by a void or a capture', async () => {
    const voided = await authorized();
    await bench.payment.voidPayment({ orderId: voided });
    const captured = await authorized();
    await bench.payment.capturePayment({ orderId: captured });
    for (const orderId of [voided, captured]) {
      bench.processor.releaseExpired(orderId);
      assert.deepEqual(await expiry(orderId), NOTHING);
    }
    assert.deepEqual(await expiry(randomUUID()), NOTHING);
    assert.deepEqual(await sumsOf(voided), ['voided', 1000, 1000, 0, 0]);
    assert.deepEqual(await sumsOf(captured), ['captured', 1000, 0, 1000, 0]);
  });

  it('is followed by a void like any other', async () => {
    const orderId = await authorized();
    bench.processor.releaseExpired(orderId);
    await expiry(orderId);
    await bench.payment.voidPayment({ orderId });
    assert.deepEqual(await expiry(orderId), NOTHING);
    assert.deepEqual(await sumsOf(orderId), ['voided', 1000, 1000, 0, 0]);
    await assert.rejects(bench.payment.renewHold(renewal(orderId)), { code: 'Undone' });
  });

  it('is sent by the sandbox processor, again when asked for', () =>
    withSandbox(bench, async ({ payment, meanings, ledger, post }) => {
      const { orderId, ...rest } = paymentRequest();
      await payment.authorizePayment({ orderId, ...rest });
      await payment.capturePayment({ orderId, amount: pounds(250), outstanding: pounds(1250) });
      for (const _again of [1, 2]) assert.equal((await post(`/payments/${orderId}/expire`)).status, 200);
      await eventually(() => assert.equal(meanings.length, 2));
      assert.deepEqual(meanings, [expired(orderId), expired(orderId)]);
      assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1250, 1000, 250, 0]);
      assert.deepEqual(await ledger(orderId), ['authorization 1250', 'capture 250', 'void 1000']);
    }));

  for (const [type, object] of [
    ['charge.expired', { id: 'ch_1', object: 'charge', payment_intent: 'pi_1' }],
    ['payment_intent.canceled', { id: 'pi_1', object: 'payment_intent' }],
  ] as const) {
    it(`is sent by Stripe as ${type}`, () =>
      withStripe(bench, async ({ stripe, payment, receive: receiveFromStripe }) => {
        const request = paymentRequest();
        const { orderId } = request;
        await payment.authorizePayment(request);
        assert.deepEqual(await receiveFromStripe(type, object), NOTHING);
        stripe.expire('pi_1');
        // Another event is no reason to ask.
        assert.deepEqual(await receiveFromStripe('charge.updated', object), NOTHING);
        for (const _again of [1, 2]) assert.deepEqual(await receiveFromStripe(type, object), expired(orderId));
        assert.deepEqual(await sumsOf(orderId), ['expired', 1250, 1250, 0, 0]);
      }));
  }

  it('tells at Stripe of what several captures have left, and not of an intent that somebody else has canceled', () =>
    withStripe(
      bench,
      async ({ stripe, payment, receive: receiveFromStripe }) => {
        const [first, second] = [paymentRequest(), paymentRequest()];
        const { orderId } = first;
        await payment.authorizePayment(first);
        await payment.capturePayment({ orderId, amount: pounds(250), outstanding: pounds(1250) });
        stripe.expire('pi_1');
        const charge = (intent: string) => ({ id: `ch_${intent}`, object: 'charge', payment_intent: intent });
        assert.deepEqual(await receiveFromStripe('charge.expired', charge('pi_1')), expired(orderId));
        assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1250, 1000, 250, 0]);
        await payment.authorizePayment(second);
        Object.assign(stripe.intent('pi_2'), { status: 'canceled', cancellation_reason: 'requested_by_customer' });
        assert.deepEqual(
          await receiveFromStripe('payment_intent.canceled', { id: 'pi_2', object: 'payment_intent' }),
          NOTHING,
        );
        await payment.voidPayment({ orderId: second.orderId });
      },
      { multicapture: true },
    ));
});
