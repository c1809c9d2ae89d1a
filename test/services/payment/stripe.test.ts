import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import type { CardProcessor } from '../../../services/payment/processor.ts';
import { createStripeProcessor } from '../../../services/payment/processor/stripe.ts';
import { chooseProcessor } from '../../../services/payment/service.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { type StripeServer, startStripeServer } from '../../stage/fake-stripe.ts';

const API_KEY = 'sk_test_123';

describe('payment through Stripe', () => {
  const bench = paymentBench();
  let stripe: StripeServer;
  let processor: CardProcessor;
  beforeEach(async () => {
    stripe = await startStripeServer();
    processor = createStripeProcessor({ apiKey: API_KEY, apiBase: stripe.url });
    // The intents of this server start at pi_1 for each test.
    await bench.database.db.updateTable('payments').set({ reference: null }).execute();
  });
  afterEach(() => stripe.close());

  const service = () => createPaymentActivities({ db: bench.database.db, processor });
  /** How often Stripe was asked to do this. */
  const asked = (verb: string) =>
    stripe.requests.filter(({ call }) => call.startsWith('POST') && call.endsWith(verb)).length;
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

  it('holds, takes and gives back with requests as Stripe documents them', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    await service().refundPayment({ orderId, refundId, amount: pounds(250) });
    const refundKey = `${orderId}:refund:${refundId}`;
    assert.deepEqual(stripe.requests, [
      {
        call: 'POST /v1/payment_intents',
        key: `${orderId}:open`,
        form: {
          amount: '1250',
          currency: 'gbp',
          payment_method: 'pm_card_visa',
          'allowed_payment_method_types[0]': 'card',
          capture_method: 'manual',
          'metadata[orderId]': orderId,
        },
      },
      {
        call: 'POST /v1/payment_intents/pi_1/confirm',
        key: `${orderId}:authorize`,
        form: { error_on_requires_action: 'true' },
      },
      { call: 'POST /v1/payment_intents/pi_1/capture', key: `${orderId}:capture`, form: {} },
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
    it(`refuses ${paymentMethod} as ${code}, and a void finds nothing to let go of`, async () => {
      const request = paymentRequest({ paymentMethod });
      const { orderId } = request;
      await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code });
      await service().voidPayment({ orderId });
      assert.deepEqual(await bench.events(orderId), ['payment.failed']);
      assert.equal((await bench.paymentOf(orderId)).status, 'voided');
    });
  }

  it('reads a decline that was never answered off the intent', async () => {
    const request = paymentRequest({ paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' });
    stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    const before = asked('/confirm');
    stripe.forgetKeys();
    await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code: 'InsufficientFunds' });
    assert.equal(asked('/confirm'), before);
  });

  it('lets go of a hold, and a late confirmation then fails', async () => {
    const orderId = await authorized();
    await service().voidPayment({ orderId });
    assert.equal(stripe.intent('pi_1').status, 'canceled');
    assert.equal((await bench.paymentOf(orderId)).voided_minor, 1250);
    const { amount, paymentMethod } = paymentRequest();
    const late = { key: 'late', orderId, reference: 'pi_1', amount, paymentMethod };
    await assert.rejects(processor.authorize(late), { name: 'Refusal', code: 'Undone' });
    assert.equal(stripe.intent('pi_1').status, 'canceled');
  });

  it('cancels the intent of an attempt that died before it knew its id', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    stripe.dieAfter('/payment_intents');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    assert.equal((await bench.paymentOf(orderId)).reference, null);

    await service().voidPayment({ orderId });
    assert.equal(stripe.intent('pi_1').status, 'canceled');
    assert.equal((await bench.paymentOf(orderId)).reference, 'pi_1');
    assert.equal(new Set(stripe.requests.filter(({ call }) => call.endsWith('intents')).map(({ key }) => key)).size, 1);
    await assert.rejects(service().authorizePayment(request), { name: 'Refusal', code: 'Undone' });
    assert.deepEqual(await bench.events(orderId), []);
  });

  it('lets go of a hold whose confirmation was never answered', async () => {
    const request = paymentRequest();
    stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    assert.equal(stripe.intent('pi_1').status, 'requires_capture');
    await service().voidPayment({ orderId: request.orderId });
    assert.equal(stripe.intent('pi_1').status, 'canceled');
    assert.deepEqual(await bench.events(request.orderId), ['payment.authorized', 'payment.voided']);
  });

  it('finds each unanswered effect also after Stripe forgot the keys, and does none twice', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    const refundId = randomUUID();
    const steps: [string, () => Promise<unknown>][] = [
      ['/confirm', () => service().authorizePayment(request)],
      ['/capture', () => service().capturePayment({ orderId })],
      ['/refunds', () => service().refundPayment({ orderId, refundId, amount: pounds(500) })],
    ];
    for (const [call, ask] of steps) {
      stripe.dieAfter(call);
      await assert.rejects(ask(), { type: 'StripeConnectionError' });
      const before = asked(call);
      stripe.forgetKeys();
      await ask();
      assert.equal(asked(call), before);
    }
    assert.equal(stripe.refunds.length, 1);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 500);
  });

  it('finds a void that was never answered', async () => {
    const orderId = await authorized();
    stripe.dieAfter('/cancel');
    await assert.rejects(service().voidPayment({ orderId }), { type: 'StripeConnectionError' });
    const before = asked('/cancel');
    await service().voidPayment({ orderId });
    assert.equal(asked('/cancel'), before);
    assert.equal((await bench.paymentOf(orderId)).voided_minor, 1250);
  });

  it('refuses to void what was taken and to take what was canceled by other hands', async () => {
    const first = await authorized();
    stripe.intent('pi_1').status = 'succeeded';
    await assert.rejects(service().voidPayment({ orderId: first }), { name: 'Refusal', code: 'AlreadyCaptured' });
    const second = await authorized();
    stripe.intent('pi_2').status = 'canceled';
    await assert.rejects(service().capturePayment({ orderId: second }), { name: 'Refusal', code: 'CaptureRefused' });
  });

  it('asks for a refused refund again under a new key', async () => {
    const orderId = await captured();
    const refundId = randomUUID();
    const ask = () => service().refundPayment({ orderId, refundId, amount: pounds(250) });
    stripe.failNext('/refunds', 400, { type: 'invalid_request_error', code: 'balance_insufficient' });
    await assert.rejects(ask(), { name: 'Refusal', code: 'RefundRefused' });
    await ask();
    const keys = stripe.requests.filter(({ call }) => call.endsWith('/refunds')).map(({ key }) => key);
    assert.deepEqual(keys, [`${orderId}:refund:${refundId}`, `${orderId}:refund:${refundId}#2`]);
  });

  it('refuses RefundExceedsCapture where somebody refunded by hand', async () => {
    const orderId = await captured();
    stripe.failNext('/refunds', 400, { type: 'invalid_request_error', code: 'charge_already_refunded' });
    const ask = service().refundPayment({ orderId, refundId: randomUUID(), amount: pounds(250) });
    await assert.rejects(ask, { name: 'Refusal', code: 'RefundExceedsCapture' });
  });

  for (const [status, error] of [
    [500, { type: 'api_error' }],
    [429, { type: 'invalid_request_error', code: 'lock_timeout' }],
    [409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }],
    [400, { type: 'idempotency_error' }],
    [401, { type: 'invalid_request_error' }],
  ] as const) {
    it(`takes ${status} ${error.type} for no answer, and asks again under the same key`, async () => {
      const request = paymentRequest();
      stripe.failNext('/confirm', status, error);
      await assert.rejects(service().authorizePayment(request), (thrown: Error) => thrown.name !== 'Refusal');
      await service().authorizePayment(request);
      const keys = stripe.requests.filter(({ call }) => call.endsWith('/confirm')).map(({ key }) => key);
      assert.deepEqual(keys, [`${request.orderId}:authorize`, `${request.orderId}:authorize`]);
    });
  }

  it('wants an API key before it starts', () => {
    const settings = { CARD_PROCESSOR: 'stripe' as const, PROCESSOR_URL: 'http://127.0.0.1:1' };
    assert.throws(() => chooseProcessor(settings), /^SettingError: setting STRIPE_API_KEY: is not set/);
  });
});
