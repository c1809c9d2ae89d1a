import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pounds } from '../../stage/test-payment-service.ts';
import { inParts, stripeBench } from '../../stage/stripe-bench.ts';

describe('several holds and captures through Stripe', () => {
  const stage = stripeBench();
  const { bench, service } = stage;
  const several = () => service({ multicapture: true });
  const { authorized, parts, sumsOf, captures } = inParts(stage);

  describe('without multicapture', () => {
    it('captures all that is outstanding with the first parcel, and Stripe releases the rest', async () => {
      const orderId = await authorized(false);
      const [first, last] = parts(orderId);
      assert.deepEqual(await service().capturePayment(first), { captured: pounds(900) });
      assert.deepEqual(await service().capturePayment(last), { captured: pounds(0) });
      const form = { amount_to_capture: '900', [`metadata[${orderId}]`]: `${orderId}:capture` };
      assert.deepEqual(captures(), [
        { call: 'POST /v1/payment_intents/pi_1/capture', key: `${orderId}:capture`, form },
      ]);
      assert.equal(stage.stripe.intent('pi_1').amount_received, 900);
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900]);
    });

    it('finds that capture after its response was lost and Stripe forgot the key', async () => {
      const orderId = await authorized(false);
      const [first] = parts(orderId);
      stage.stripe.dieAfter('/capture');
      await assert.rejects(service().capturePayment(first), { type: 'StripeConnectionError' });
      const before = captures().length;
      stage.stripe.forgetKeys();
      assert.deepEqual(await service().capturePayment(first), { captured: pounds(900) });
      assert.equal(captures().length, before);
    });

    for (const whole of [true, false]) {
      it(`finds a capture of ${whole ? 'the whole hold' : 'a part'} next to metadata of others`, async () => {
        const orderId = await authorized(false);
        const request = { orderId, amount: pounds(whole ? 1000 : 900) };
        Object.assign(stage.stripe.intent('pi_1').metadata, { invoice: 'A-1', capture: 'by hand' });
        stage.stripe.dieAfter('/capture');
        await assert.rejects(service().capturePayment(request), { type: 'StripeConnectionError' });
        stage.stripe.forgetKeys();
        assert.deepEqual(await service().capturePayment(request), { captured: request.amount });
        assert.equal(stage.stripe.intent('pi_1').amount_received, request.amount.amountMinor);
      });
    }

    it('does not take a captured hold for one that is gone, because of metadata of others', async () => {
      const orderId = await authorized(false);
      const captured = { status: 'succeeded', amount_received: 1000, amount_capturable: 0 };
      Object.assign(stage.stripe.intent('pi_1'), captured, { metadata: { orderId, invoice: 'A-1' } });
      const request = { orderId, amount: pounds(900) };
      await assert.rejects(service().capturePayment(request), /captured with 1000, not as asked/);
    });

    it('finds the capture of an earlier attempt that Stripe has refused and made', async () => {
      const orderId = await authorized(false);
      const [first] = parts(orderId);
      stage.stripe.failNext('/capture', 402, { type: 'card_error', code: 'card_declined' });
      await assert.rejects(service().capturePayment(first), { name: 'Refusal', code: 'CaptureRefused' });
      const metadata = { orderId, [orderId]: `${orderId}:capture` };
      Object.assign(stage.stripe.intent('pi_1'), { status: 'succeeded', amount_received: 900, metadata });
      assert.deepEqual(await service().capturePayment(first), { captured: pounds(900) });
      assert.equal(stage.stripe.intent('pi_1').amount_received, 900);
    });

    it('does not take a capture that somebody made of another amount for its own', async () => {
      const orderId = await authorized(false);
      Object.assign(stage.stripe.intent('pi_1'), { status: 'succeeded', amount_received: 999, amount_capturable: 0 });
      await assert.rejects(service().capturePayment({ orderId }), /captured with 999, not as asked/);
      stage.stripe.intent('pi_1').amount_received = 1000;
      await service().capturePayment({ orderId });
    });
  });

  describe('with multicapture', () => {
    it('captures each parcel as Stripe documents it', async () => {
      const orderId = await authorized(true);
      const [first, last] = parts(orderId);
      assert.deepEqual(await several().capturePayment(first), { captured: pounds(400) });
      assert.deepEqual(await several().capturePayment(last), { captured: pounds(500) });
      assert.equal(
        stage.stripe.requests[1]!.form['payment_method_options[card][request_multicapture]'],
        'if_available',
      );
      assert.deepEqual(
        captures().map(({ form }) => form),
        [
          { amount_to_capture: '400', final_capture: 'false', [`metadata[${orderId}]`]: `${orderId}:capture` },
          {
            amount_to_capture: '500',
            final_capture: 'true',
            [`metadata[${last.parcelId}]`]: `${orderId}:capture:${last.parcelId}`,
          },
        ],
      );
      const { status, amount_received } = stage.stripe.intent('pi_1');
      assert.deepEqual([status, amount_received], ['succeeded', 900]);
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900]);
    });

    it('finds each capture whose response was lost, even after Stripe forgot the keys', async () => {
      const orderId = await authorized(true);
      for (const request of parts(orderId)) {
        stage.stripe.dieAfter('/capture');
        await assert.rejects(several().capturePayment(request), {
          type: 'StripeConnectionError',
        });
        const before = captures().length;
        stage.stripe.forgetKeys();
        await several().capturePayment(request);
        assert.equal(captures().length, before);
      }
      assert.equal(stage.stripe.intent('pi_1').amount_received, 900);
    });

    it('releases the rest of a captured intent, and cancels one that nothing was captured of', async () => {
      const orderId = await authorized(true);
      await several().capturePayment(parts(orderId)[0]);
      assert.deepEqual(await several().releaseRest({ orderId }), { released: true });
      assert.deepEqual(captures().at(-1)!.form, {
        amount_to_capture: '0',
        final_capture: 'true',
        'expand[0]': 'latest_charge',
      });
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 600, 400]);
      const other = await authorized(true);
      await several().releaseRest({ orderId: other });
      assert.equal(stage.stripe.intent('pi_2').status, 'canceled');
    });

    it('does not cancel an intent that a part was captured of', async () => {
      const orderId = await authorized(true);
      Object.assign(stage.stripe.intent('pi_1'), { amount_received: 1, amount_capturable: 999 });
      await assert.rejects(several().voidPayment({ orderId }), {
        name: 'Refusal',
        code: 'AlreadyCaptured',
      });
      assert.equal(stage.stripe.intent('pi_1').status, 'requires_capture');
      bench.staysHeld(orderId);
    });

    it('waits with a void for a capture under way, and releases what it has left', async () => {
      const orderId = await authorized(true);
      const [first, last] = parts(orderId);
      stage.stripe.dieAfter('/capture');
      await assert.rejects(several().capturePayment(first), { type: 'StripeConnectionError' });
      await assert.rejects(several().voidPayment({ orderId }), /a capture of order .* is under way/);
      assert.equal((await bench.paymentOf(orderId)).undone, true);
      await assert.rejects(several().capturePayment(last), {
        name: 'Refusal',
        code: 'NotAuthorized',
      });
      assert.deepEqual(await several().capturePayment(first), { captured: pounds(400) });
      await assert.rejects(several().voidPayment({ orderId }), {
        name: 'Refusal',
        code: 'AlreadyCaptured',
      });
      assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 600, 400]);
      assert.equal(stage.stripe.intent('pi_1').status, 'succeeded');
    });

    it('refuses a void whose cancellation met a part that was captured meanwhile', async () => {
      const orderId = await authorized(true);
      stage.stripe.onNext('/cancel', () => Object.assign(stage.stripe.intent('pi_1'), { amount_received: 400 }));
      await assert.rejects(several().voidPayment({ orderId }), {
        name: 'Refusal',
        code: 'AlreadyCaptured',
      });
      Object.assign(stage.stripe.intent('pi_1'), {
        status: 'requires_capture',
        amount_received: 0,
        amount_capturable: 1000,
      });
      await several().voidPayment({ orderId });
    });

    it('does not capture a part again that an earlier attempt has captured after all', async () => {
      const orderId = await authorized(true);
      const [first] = parts(orderId);
      stage.stripe.failNext('/capture', 402, { type: 'card_error', code: 'card_declined' });
      await assert.rejects(several().capturePayment(first), {
        name: 'Refusal',
        code: 'CaptureRefused',
      });
      const captured = { amount_received: 400, amount_capturable: 600 };
      Object.assign(stage.stripe.intent('pi_1'), captured, { metadata: { orderId, [orderId]: `${orderId}:capture` } });
      await several().capturePayment(first);
      assert.equal(stage.stripe.intent('pi_1').amount_received, 400);
    });

    it('refunds of each intent at most what it has captured', async () => {
      const orderId = await authorized(true);
      const [first, last] = parts(orderId);
      await several().capturePayment(first);
      stage.stripe.expire('pi_1');
      await assert.rejects(several().capturePayment(last), {
        name: 'Refusal',
        code: 'HoldExpired',
      });
      assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 600, 400]);
      const renewal = { orderId, holdId: randomUUID(), amount: pounds(500), paymentMethod: 'pm_card_visa' };
      await several().renewHold(renewal);
      await several().capturePayment(last);
      assert.deepEqual(await sumsOf(orderId), ['captured', 1500, 600, 900]);
      await several().refundPayment({ orderId, refundId: randomUUID(), amount: pounds(900) });
      assert.deepEqual(
        stage.stripe.refunds.map(({ payment_intent, amount }) => [payment_intent, amount]),
        [
          ['pi_1', '400'],
          ['pi_2', '500'],
        ],
      );
    });

    it('may be turned off while an order is under way', async () => {
      const orderId = await authorized(true);
      const [first, last] = parts(orderId);
      await several().capturePayment(first);
      assert.deepEqual(await service().capturePayment(last), { captured: pounds(500) });
      assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900]);
    });
  });

  for (const multicapture of [false, true]) {
    it(`is gone once Stripe says so, and is renewed ${multicapture ? 'with' : 'without'} multicapture`, async () => {
      const orderId = await authorized(multicapture);
      const pay = service({ multicapture });
      stage.stripe.expire('pi_1');
      await assert.rejects(pay.capturePayment({ orderId }), { name: 'Refusal', code: 'HoldExpired' });
      const renewal = { orderId, holdId: randomUUID(), amount: pounds(1000), paymentMethod: 'pm_card_visa' };
      await pay.renewHold(renewal);
      assert.deepEqual(
        stage.stripe.requests.find(({ key }) => key?.startsWith(`${orderId}:intent:${renewal.holdId}`))?.form[
          'metadata[holdId]'
        ],
        renewal.holdId,
      );
      await pay.releaseReplacedHolds({ orderId });
      await pay.capturePayment({ orderId });
      assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000]);
      assert.equal(stage.stripe.intent('pi_2').amount_received, 1000);
    });
  }

  it('is gone if Stripe refuses the capture because of its age', async () => {
    const orderId = await authorized(false);
    stage.stripe.failNext('/capture', 400, { type: 'invalid_request_error', code: 'charge_expired_for_capture' });
    await assert.rejects(service().capturePayment({ orderId }), { name: 'Refusal', code: 'HoldExpired' });
  });

  it('cancels the intent of a renewal whose request died before it received the id', async () => {
    const orderId = await authorized(false);
    const renewal = { orderId, holdId: randomUUID(), amount: pounds(1000), paymentMethod: 'pm_card_visa' };
    stage.stripe.dieAfter('/payment_intents');
    await assert.rejects(service().renewHold(renewal), { type: 'StripeConnectionError' });
    await service().voidPayment({ orderId });
    assert.deepEqual(
      [stage.stripe.intent('pi_1').status, stage.stripe.intent('pi_2').status],
      ['canceled', 'canceled'],
    );
    await assert.rejects(service().renewHold(renewal), { name: 'Refusal', code: 'Undone' });
  });
});
