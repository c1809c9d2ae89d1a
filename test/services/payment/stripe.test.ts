import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chooseProcessor } from '../../../services/payment/service.ts';
import { FIRST_USE, paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { stripeBench } from '../../stage/stripe-bench.ts';

describe('payment through Stripe', () => {
  const stage = stripeBench();
  const { bench, service } = stage;

  /** How many requests of this kind Stripe received. */
  const requestsTo = (verb: string) =>
    stage.stripe.requests.filter(({ call }) => call.startsWith('POST') && call.endsWith(verb)).length;
  const authorized = async () => {
    const request = paymentRequest();
    await service().authorizePayment(request);
    return request.orderId;
  };
  const captured = async () => {
    const orderId = await authorized();
    await service().capturePayment({ orderId });
    return orderId;
  };

  it('authorizes, captures and refunds with requests as Stripe documents them', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    await service().refundPayment({ orderId, refundId, amount: pounds(250) });
    const refundKey = `${orderId}:refund:${refundId}`;
    assert.deepEqual(stage.stripe.requests, [
      {
        call: 'POST /v1/customers',
        key: `${orderId}:customer`,
        form: { 'metadata[orderId]': orderId },
      },
      {
        call: 'POST /v1/payment_intents',
        key: `${orderId}:intent`,
        form: {
          amount: '1250',
          currency: 'gbp',
          payment_method: 'pm_card_visa',
          customer: 'cus_1',
          setup_future_usage: 'off_session',
          'allowed_payment_method_types[0]': 'card',
          capture_method: 'manual',
          'metadata[orderId]': orderId,
        },
      },
      {
        call: 'POST /v1/payment_intents/pi_1/confirm',
        key: `${orderId}:authorize`,
        form: { error_on_requires_action: 'true', 'expand[0]': 'latest_charge' },
      },
      {
        call: 'POST /v1/payment_intents/pi_1/capture',
        key: `${orderId}:capture`,
        form: { [`metadata[${orderId}]`]: `${orderId}:capture` },
      },
      {
        call: 'POST /v1/refunds',
        key: refundKey,
        form: { payment_intent: 'pi_1', amount: '250', 'metadata[key]': refundKey },
      },
    ]);
    const { reference, captured_minor, refunded_minor } = await bench.paymentOf(orderId);
    assert.deepEqual([reference, captured_minor, refunded_minor], ['pi_1', 1250, 250]);
  });

  for (const [paymentMethod, code] of [
    ['pm_card_chargeDeclined', 'CardDeclined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'InsufficientFunds'],
    ['pm_nobody_knows', 'CardDeclined'],
  ] as const) {
    it(`refuses ${paymentMethod} as ${code}, and a void then finds nothing to release`, async () => {
      const request = paymentRequest({ paymentMethod });
      const { orderId } = request;
      await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code });
      await service().voidPayment({ orderId });
      assert.deepEqual(await bench.events(orderId), ['payment.failed']);
      assert.equal((await bench.paymentOf(orderId)).status, 'voided');
    });
  }

  for (const [currency, amountMinor, sent] of [
    ['JPY', 500, '500'],
    ['KWD', 1_250, '1250'],
    ['ISK', 500, '50000'],
    ['UGX', 500, '50000'],
    ['MGA', 50_000, '500'],
  ] as const) {
    it(`sends ${amountMinor} minor units of ${currency} as ${sent}, which is how Stripe counts them`, async () => {
      const request = paymentRequest({ amount: { amountMinor, currency } });
      const { orderId } = request;
      await service().authorizePayment(request);
      await service().capturePayment({ orderId });
      await service().refundPayment({ orderId, refundId: randomUUID(), amount: request.amount });
      const sums = stage.stripe.requests.flatMap(({ form }) => form.amount ?? []);
      assert.deepEqual(sums, [sent, sent]);
      const { captured_minor, refunded_minor } = await bench.paymentOf(orderId);
      assert.deepEqual([captured_minor, refunded_minor], [amountMinor, amountMinor]);
    });
  }

  it('declines an amount that Stripe does not have', async () => {
    for (const amount of [
      { amountMinor: 50_050, currency: 'MGA' },
      { amountMinor: 1_255, currency: 'KWD' },
    ]) {
      const refused = service().authorizePayment(paymentRequest({ amount }));
      await assert.rejects(refused, { name: 'Refusal', code: 'CardDeclined' });
    }
    assert.equal(requestsTo('/payment_intents'), 0);
  });

  it('reads a decline whose response was lost from the intent', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' });
    stage.stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    const before = requestsTo('/confirm');
    stage.stripe.forgetKeys();
    await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code: 'InsufficientFunds' });
    assert.equal(requestsTo('/confirm'), before);
  });

  it('releases a hold, and a late confirmation then fails', async () => {
    const orderId = await authorized();
    await service().voidPayment({ orderId });
    assert.equal(stage.stripe.intent('pi_1').status, 'canceled');
    assert.equal((await bench.paymentOf(orderId)).voided_minor, 1250);
    const { amount, paymentMethod } = paymentRequest();
    const late = {
      key: 'late',
      orderId,
      holdId: orderId,
      reference: 'pi_1',
      amount,
      paymentMethod,
      ...FIRST_USE,
    };
    await assert.rejects(stage.processor().authorize(late), { name: 'Refusal', code: 'Undone' });
    assert.equal(stage.stripe.intent('pi_1').status, 'canceled');
  });

  it('cancels the intent of an attempt that died before it received the id', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    stage.stripe.dieAfter('/payment_intents');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    assert.equal((await bench.paymentOf(orderId)).reference, null);

    await service().voidPayment({ orderId });
    assert.equal(stage.stripe.intent('pi_1').status, 'canceled');
    assert.equal((await bench.paymentOf(orderId)).reference, 'pi_1');
    assert.equal(
      new Set(stage.stripe.requests.filter(({ call }) => call.endsWith('intents')).map(({ key }) => key)).size,
      1,
    );
    await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code: 'Undone' });
    assert.deepEqual(await bench.events(orderId), []);
  });

  it('releases a hold whose confirmation response was lost', async () => {
    const request = paymentRequest();
    stage.stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    assert.equal(stage.stripe.intent('pi_1').status, 'requires_capture');
    await service().voidPayment({ orderId: request.orderId });
    assert.equal(stage.stripe.intent('pi_1').status, 'canceled');
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
  });

  it('finds each effect whose response was lost, even after Stripe forgot the keys, and repeats none', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    const refundId = randomUUID();
    const steps: [string, () => Promise<unknown>][] = [
      ['/confirm', () => service().authorizePayment(request)],
      ['/capture', () => service().capturePayment({ orderId })],
      ['/refunds', () => service().refundPayment({ orderId, refundId, amount: pounds(500) })],
    ];
    for (const [call, send] of steps) {
      stage.stripe.dieAfter(call);
      await assert.rejects(send(), { type: 'StripeConnectionError' });
      const before = requestsTo(call);
      stage.stripe.forgetKeys();
      await send();
      assert.equal(requestsTo(call), before);
    }
    assert.equal(stage.stripe.refunds.length, 1);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 500);
  });

  it('finds a void whose response was lost', async () => {
    const orderId = await authorized();
    stage.stripe.dieAfter('/cancel');
    await assert.rejects(service().voidPayment({ orderId }), { type: 'StripeConnectionError' });
    const before = requestsTo('/cancel');
    await service().voidPayment({ orderId });
    assert.equal(requestsTo('/cancel'), before);
    assert.equal((await bench.paymentOf(orderId)).voided_minor, 1250);
  });

  it('refuses to void a payment captured elsewhere, and to capture one canceled elsewhere', async () => {
    const first = await authorized();
    stage.stripe.intent('pi_1').status = 'succeeded';
    await assert.rejects(service().voidPayment({ orderId: first }), { name: 'Refusal', code: 'AlreadyCaptured' });
    bench.staysHeld(first);
    const second = await authorized();
    stage.stripe.intent('pi_2').status = 'canceled';
    await assert.rejects(service().capturePayment({ orderId: second }), { name: 'Refusal', code: 'CaptureRefused' });
  });

  it('retries a refused refund under a new key', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    const refund = () => service().refundPayment({ orderId, refundId, amount: pounds(250) });
    stage.stripe.failNext('/refunds', 400, { type: 'invalid_request_error', code: 'balance_insufficient' });
    await assert.rejects(refund(), { name: 'Refusal', code: 'RefundRefused' });
    await refund();
    const keys = stage.stripe.requests.filter(({ call }) => call.endsWith('/refunds')).map(({ key }) => key);
    assert.deepEqual(keys, [`${orderId}:refund:${refundId}`, `${orderId}:refund:${refundId}#2`]);
  });

  it('refuses RefundExceedsCapture if the payment was refunded by hand', async () => {
    const orderId = await captured();
    stage.stripe.failNext('/refunds', 400, { type: 'invalid_request_error', code: 'charge_already_refunded' });
    const refund = service().refundPayment({ orderId, refundId: randomUUID(), amount: pounds(250) });
    await assert.rejects(refund, { name: 'Refusal', code: 'RefundExceedsCapture' });
  });

  for (const [status, error] of [
    [500, { type: 'api_error' }],
    [429, { type: 'invalid_request_error', code: 'lock_timeout' }],
    [409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }],
    [400, { type: 'idempotency_error' }],
    [401, { type: 'invalid_request_error' }],
  ] as const) {
    it(`treats ${status} ${error.type} as a fault, and retries under the same key`, async () => {
      const request = paymentRequest();
      stage.stripe.failNext('/confirm', status, error);
      await assert.rejects(service().authorizePayment(request), (thrown: Error) => thrown.name !== 'Refusal');
      await service().authorizePayment(request);
      const keys = stage.stripe.requests.filter(({ call }) => call.endsWith('/confirm')).map(({ key }) => key);
      assert.deepEqual(keys, [`${request.orderId}:authorize`, `${request.orderId}:authorize`]);
    });
  }

  it('requires an API key before it starts', () => {
    const settings = {
      CARD_PROCESSOR: 'stripe' as const,
      PROCESSOR_URL: 'http://127.0.0.1:1',
      STRIPE_MULTICAPTURE: 'false' as const,
    };
    assert.throws(() => chooseProcessor(settings), /^SettingError: setting STRIPE_API_KEY: is not set/);
    const sandbox = { ...settings, CARD_PROCESSOR: 'sandbox' as const };
    assert.throws(() => chooseProcessor(sandbox), /^SettingError: setting PROCESSOR_CALLBACK_SECRET: is not set/);
  });
});
