import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { stripeBench } from '../../stage/stripe-bench.ts';

const EXPAND = { 'expand[0]': 'latest_charge' };

describe('a payment method that is used for several holds through Stripe', () => {
  const stage = stripeBench();
  const { bench, service } = stage;

  const authorized = async () => {
    const request = paymentRequest({ paymentMethod: `pm_${randomUUID().slice(0, 8)}` });
    await service().authorizePayment(request);
    return { ...request, holdId: randomUUID() as string };
  };
  const formsOf = (call: string) =>
    stage.stripe.requests.filter((request) => request.call.endsWith(call)).map(({ form }) => form);

  it('is attached to a customer of the order with the first hold, and charged without its holder later', async () => {
    const renewal = await authorized();
    await service().renewHold(renewal);
    const { orderId } = renewal;
    const customers = stage.stripe.requests.filter(({ call }) => call === 'POST /v1/customers');
    assert.deepEqual(customers, [
      { call: 'POST /v1/customers', key: `${orderId}:customer`, form: { 'metadata[orderId]': orderId } },
    ]);
    assert.deepEqual(
      formsOf('/payment_intents').map(({ customer, setup_future_usage }) => [customer, setup_future_usage]),
      [
        ['cus_1', 'off_session'],
        ['cus_1', undefined],
      ],
    );
    assert.deepEqual(formsOf('/confirm'), [
      { error_on_requires_action: 'true', ...EXPAND },
      { off_session: 'true', ...EXPAND },
    ]);
    await service().renewHold({ ...renewal, holdId: randomUUID(), customerMayAct: true });
    assert.deepEqual(formsOf('/confirm').at(-1), EXPAND);
  });

  it('is attached in the same way if the customer names it for a renewal', async () => {
    const renewal = { ...(await authorized()), paymentMethod: 'pm_another', customerMayAct: true };
    await service().renewHold(renewal);
    assert.equal(formsOf('/payment_intents').at(-1)!.setup_future_usage, 'off_session');
    await service().renewHold({ ...renewal, holdId: randomUUID(), customerMayAct: false });
    assert.deepEqual(formsOf('/confirm').at(-1), { off_session: 'true', ...EXPAND });
    assert.equal((await bench.paymentOf(renewal.orderId)).authorized_minor, 3 * 1250);
  });

  it('is declined if it was used before without a customer, and another one is held', async () => {
    const renewal = await authorized();
    stage.stripe.detach(renewal.paymentMethod);
    await bench.database.db.updateTable('payments').set({ customer: null }).execute();
    await assert.rejects(service().renewHold(renewal), { name: 'Refusal', code: 'CardDeclined' });
    await service().renewHold({ ...renewal, holdId: randomUUID(), paymentMethod: 'pm_another' });
    await service().capturePayment({ orderId: renewal.orderId, amount: pounds(1250) });
  });

  for (const message of [
    'This PaymentMethod does not belong to the Customer you supplied.',
    'The customer does not have a payment method with the ID pm_1. The payment method must be attached to the customer.',
    'To use a PaymentMethod multiple times, you must attach it to a Customer first.',
  ]) {
    it(`is declined if Stripe says: ${message}`, async () => {
      const renewal = await authorized();
      stage.stripe.failNext('/confirm', 400, { type: 'invalid_request_error', message });
      await assert.rejects(service().renewHold(renewal), { name: 'Refusal', code: 'CardDeclined' });
    });
  }

  it('has one customer, although the response was lost and Stripe forgot the key', async () => {
    const request = paymentRequest();
    stage.stripe.dieAfter('/customers');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    await service().authorizePayment(request);
    assert.equal(formsOf('/payment_intents').at(-1)!.customer, 'cus_1');
    stage.stripe.forgetKeys();
    await service().renewHold({ ...request, holdId: randomUUID() });
    assert.equal(formsOf('/payment_intents').at(-1)!.customer, 'cus_1');
  });
});
