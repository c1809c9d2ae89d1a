import assert from 'node:assert/strict';
import { Stripe } from 'stripe';
import { paymentRequest } from '../../stage/test-payment-service.ts';
import { API_KEY, stripeBench } from '../../stage/stripe-bench.ts';

describe('payment through Stripe that the card’s holder must confirm', () => {
  const stage = stripeBench();
  const { bench, service } = stage;

  const confirmable = (customerMayAct = true) => ({
    ...paymentRequest({ paymentMethod: 'pm_card_authenticationRequired' }),
    customerMayAct,
  });
  const MUST_CONFIRM = {
    authorizationId: null,
    customerAction: { type: 'stripe', clientSecret: 'pi_1_secret_1' },
  };

  it('gives the secret for the library in the browser, and is held once confirmed', async () => {
    const request = confirmable();
    for (const _again of [1, 2]) assert.deepEqual(await service().authorizePayment(request), MUST_CONFIRM);
    assert.equal(stage.stripe.requests.filter(({ call }) => call.endsWith('/confirm')).length, 1);
    stage.stripe.holderActs('pi_1', 'succeeded');
    assert.deepEqual(await service().authorizePayment(request), { authorizationId: 'pi_1' });
    await service().capturePayment({ orderId: request.orderId });
    assert.equal((await bench.paymentOf(request.orderId)).captured_minor, 1250);
  });

  it('is refused when the holder does not confirm', async () => {
    const request = confirmable();
    await service().authorizePayment(request);
    stage.stripe.holderActs('pi_1', 'failed');
    const refused = { name: 'Refusal', code: 'PaymentNotCompleted' };
    for (const _again of [1, 2]) await assert.rejects(service().authorizePayment(request), refused);
  });

  it('holds nothing after a void', async () => {
    const request = confirmable();
    await service().authorizePayment(request);
    await service().voidPayment({ orderId: request.orderId });
    assert.equal(stage.stripe.intent('pi_1').status, 'canceled');
  });

  it('is declined where nobody waits for the holder', async () => {
    await assert.rejects(service().authorizePayment(confirmable(false)), { name: 'Refusal', code: 'CardDeclined' });
  });

  describe('events', () => {
    const WEBHOOK_SECRET = 'whsec_of_the_tests';
    const receiving = () => stage.requests({ webhookSecret: WEBHOOK_SECRET });
    const payloadOf = (type: string, object: object) =>
      JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
    const signed = (payload: string, { secret = WEBHOOK_SECRET, secondsAgo = 0 } = {}) => ({
      payload,
      signature: new Stripe(API_KEY).webhooks.generateTestHeaderString({
        payload,
        secret,
        timestamp: Math.floor(Date.now() / 1000) - secondsAgo,
      }),
    });
    const INTENT = { id: 'pi_1', object: 'payment_intent' };

    it('say which payment to look at, by its intent or by what belongs to one', async () => {
      const request = { ...paymentRequest({ paymentMethod: 'pm_card_authenticationRequired' }), customerMayAct: true };
      const { orderId } = request;
      await service().authorizePayment(request);
      for (const [type, object] of [
        ['payment_intent.amount_capturable_updated', INTENT],
        ['payment_intent.payment_failed', INTENT],
        ['charge.expired', { object: 'charge', payment_intent: 'pi_1' }],
        ['charge.dispute.created', { object: 'dispute', payment_intent: { ...INTENT } }],
      ] as const) {
        const answer = await receiving().receiveEvent(signed(payloadOf(type, object)));
        assert.deepEqual(answer, { meaning: 'awaited', orderId }, type);
      }
    });

    it('about anything else mean nothing', async () => {
      for (const object of [
        { id: 'pi_999', object: 'payment_intent' },
        { object: 'payout' },
        { object: 'charge', payment_intent: null },
      ]) {
        assert.deepEqual(await receiving().receiveEvent(signed(payloadOf('any.thing', object))), {
          meaning: 'nothing',
        });
      }
    });

    it('are refused if their signature is wrong, missing, too old, or of another body', async () => {
      const payload = payloadOf('payment_intent.canceled', INTENT);
      const { signature } = signed(payload);
      for (const event of [
        signed(payload, { secret: 'whsec_of_another' }),
        signed(payload, { secondsAgo: 301 }),
        { payload, signature: '' },
        { payload: `${payload} `, signature },
      ]) {
        await assert.rejects(receiving().receiveEvent(event), { name: 'Refusal', code: 'InvalidSignature' });
      }
    });

    it('are refused if their body cannot be read', async () => {
      await assert.rejects(receiving().receiveEvent(signed('{')), { name: 'Refusal', code: 'InvalidEvent' });
      await assert.rejects(receiving().receiveEvent(signed('{}')), { name: 'Refusal', code: 'InvalidEvent' });
    });

    it('are refused without the setting of their secret', async () => {
      const receive = stage.requests().receiveEvent;
      await assert.rejects(receive(signed(payloadOf('payment_intent.canceled', INTENT))), {
        name: 'Refusal',
        code: 'InvalidSignature',
      });
    });
  });
});
