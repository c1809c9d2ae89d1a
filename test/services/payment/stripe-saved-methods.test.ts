import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuthorizePayment } from '../../../activities/payment.ts';
import { FIRST_USE, paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { stripeBench } from '../../stage/stripe-bench.ts';

const DECLINED = { name: 'Refusal', code: 'CardDeclined' };

describe('payment methods that users save through Stripe', () => {
  const stage = stripeBench();
  const { bench, service, requests } = stage;
  let customerId: string;
  beforeEach(() => {
    customerId = randomUUID();
  });

  const ordering = (difference: Partial<AuthorizePayment> = {}) =>
    paymentRequest({ customerId, customerMayAct: true, paymentMethod: newToken(), ...difference });
  const newToken = () => `pm_${randomUUID().slice(0, 8)}`;
  const saving = (difference: Partial<AuthorizePayment> = {}) => ordering({ savePaymentMethod: true, ...difference });
  const list = async () => (await requests().listPaymentMethods({ userId: customerId, limit: 100 })).items;
  const remove = (id: string) => requests().removePaymentMethod({ userId: customerId, id });
  const renewal = ({ orderId, paymentMethod }: AuthorizePayment) => ({
    orderId,
    holdId: randomUUID() as string,
    amount: pounds(1250),
    paymentMethod,
  });
  const formsOf = (call: string) =>
    stage.stripe.requests.filter((request) => request.call.endsWith(call)).map(({ form }) => form);
  const customersUsed = () => formsOf('/payment_intents').map(({ customer }) => customer);

  it('are attached to a customer of their user, who is registered once', async () => {
    const [first, second] = [saving(), saving()];
    await service().authorizePayment(first);
    await service().authorizePayment(second);
    assert.deepEqual(
      stage.stripe.requests.filter(({ call }) => call === 'POST /v1/customers'),
      [
        {
          call: 'POST /v1/customers',
          key: `user:${customerId}:customer`,
          form: { 'metadata[userId]': customerId },
        },
      ],
    );
    assert.deepEqual(customersUsed(), ['cus_1', 'cus_1']);
    const items = await list();
    assert.deepEqual(
      items.map(({ id }) => id),
      [second.paymentMethod, first.paymentMethod],
    );
    assert.partialDeepStrictEqual(items[0], { brand: 'visa', last4: '4242', expires: '2034-07' });
  });

  it('have the id that Stripe gave to what a test token stands for', async () => {
    await service().authorizePayment(saving({ paymentMethod: 'pm_card_visa' }));
    const [{ id } = { id: '' }] = await list();
    assert.equal(id, 'pm_of_pi_1');
    await service().authorizePayment(ordering({ paymentMethod: id }));
    assert.deepEqual(customersUsed(), ['cus_1', 'cus_1']);
  });

  it('are charged with their customer in later orders, and without their holder when a hold is renewed', async () => {
    const first = saving();
    await service().authorizePayment(first);
    const later = ordering({ paymentMethod: first.paymentMethod });
    await service().authorizePayment(later);
    await service().renewHold(renewal(later));
    await service().renewHold(renewal(first));
    assert.deepEqual(
      formsOf('/payment_intents').map(({ customer, setup_future_usage }) => [customer, setup_future_usage]),
      [
        ['cus_1', 'off_session'],
        ['cus_1', undefined],
        ['cus_1', undefined],
        ['cus_1', undefined],
      ],
    );
    assert.deepEqual(
      formsOf('/confirm').map(({ off_session }) => off_session),
      [undefined, undefined, 'true', 'true'],
    );
  });

  it('can be named for an order whose own payment method is attached to a customer of the order, and the other way round', async () => {
    const saved = saving();
    await service().authorizePayment(saved);
    const order = ordering();
    await service().authorizePayment(order);
    await service().renewHold({ ...renewal(order), paymentMethod: saved.paymentMethod, customerId });
    await service().renewHold(renewal(order));
    await service().renewHold({ ...renewal(saved), paymentMethod: newToken(), customerId });
    assert.deepEqual(customersUsed(), ['cus_1', 'cus_2', 'cus_1', 'cus_2', 'cus_3']);
    const other = saving();
    await service().authorizePayment(other);
    await service().renewHold({ ...renewal(saved), paymentMethod: other.paymentMethod, customerId });
    assert.partialDeepStrictEqual(formsOf('/payment_intents').at(-1), { customer: 'cus_1' });
    assert.equal(formsOf('/payment_intents').at(-1)!.setup_future_usage, undefined);
    assert.equal((await list()).length, 2);
  });

  it('can be named again for an order that they were declined for before they were saved', async () => {
    const [order, saved] = [ordering(), saving()];
    await service().authorizePayment(order);
    const named = () => ({ ...renewal(order), paymentMethod: saved.paymentMethod, customerId });
    stage.stripe.failNext('/confirm', 402, {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'try_again_later',
    });
    await assert.rejects(service().renewHold(named()), DECLINED);
    await service().authorizePayment(saved);
    await service().renewHold(named());
    assert.deepEqual(customersUsed(), ['cus_1', 'cus_1', 'cus_2', 'cus_2']);
  });

  it('are declined to another user by Stripe itself, where our records do not know them', async () => {
    const saved = saving();
    await service().authorizePayment(saved);
    await bench.database.db.deleteFrom('saved_methods').execute();
    const stranger = ordering({ customerId: randomUUID(), paymentMethod: saved.paymentMethod });
    await assert.rejects(service().authorizePayment(stranger), DECLINED);
    assert.deepEqual(formsOf('/confirm').length, 1);
  });

  it('are listed once, although two orders save the same one at the same time', async () => {
    const [first, second] = [saving(), saving()].map((request) => ({ ...request, paymentMethod: 'pm_same' }));
    stage.stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(first!), { type: 'StripeConnectionError' });
    await service().authorizePayment(second!);
    await service().authorizePayment(first!);
    assert.deepEqual(
      (await list()).map(({ id }) => id),
      ['pm_same'],
    );
    assert.equal((await bench.paymentOf(first!.orderId)).status, 'authorized');
  });

  it('are listed once, although the response was lost and Stripe forgot the keys', async () => {
    const request = saving();
    stage.stripe.dieAfter('/customers');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    stage.stripe.dieAfter('/confirm');
    await assert.rejects(service().authorizePayment(request), { type: 'StripeConnectionError' });
    assert.deepEqual(await list(), []);
    stage.stripe.forgetKeys();
    await service().authorizePayment(request);
    await service().authorizePayment(request);
    assert.deepEqual(
      (await list()).map(({ id }) => id),
      [request.paymentMethod],
    );
    assert.deepEqual([customersUsed(), formsOf('/confirm').length], [['cus_1'], 1 + 1]);
  });

  it('are part of a receipt only if they were to be saved', async () => {
    const { orderId, amount, paymentMethod } = saving();
    await service().authorizePayment(saving({ orderId, amount, paymentMethod }));
    const { reference } = await bench.paymentOf(orderId);
    const request = { key: 'k', orderId, holdId: orderId, reference, amount, paymentMethod, ...FIRST_USE };
    const receipts = [false, true].map((save) => stage.processor().find({ ...request, step: 'authorize', save }));
    assert.deepEqual(
      (await Promise.all(receipts)).map((receipt) => !!receipt && 'saved' in receipt),
      [false, true],
    );
  });

  it("are listed once the card's holder has confirmed, and not if they refused", async () => {
    for (const outcome of ['succeeded', 'failed'] as const) {
      const request = saving({ paymentMethod: 'pm_card_authenticationRequired' });
      const { customerAction } = await service().authorizePayment(request);
      assert.equal(customerAction?.type, 'stripe');
      const { reference } = await bench.paymentOf(request.orderId);
      stage.stripe.holderActs(reference!, outcome);
      await service()
        .authorizePayment(request)
        .catch((error: Error & { code?: string }) => assert.equal(error.code, 'PaymentNotCompleted'));
    }
    assert.equal((await list()).length, 1);
  });

  it('are void like others, also if the intent was opened and its id lost', async () => {
    const saved = saving();
    await service().authorizePayment(saved);
    const order = ordering({ paymentMethod: saved.paymentMethod });
    stage.stripe.dieAfter('/payment_intents');
    await assert.rejects(service().authorizePayment(order), { type: 'StripeConnectionError' });
    await service().voidPayment({ orderId: order.orderId });
    assert.equal(stage.stripe.intent('pi_2').status, 'canceled');
    assert.throws(() => stage.stripe.intent('pi_3').status);
  });

  describe('and remove', () => {
    it('are detached, and declined when a hold is renewed or a customer names them', async () => {
      const request = saving();
      await service().authorizePayment(request);
      await remove(request.paymentMethod);
      assert.equal(stage.stripe.ownerOf(request.paymentMethod), undefined);
      await assert.rejects(service().renewHold(renewal(request)), DECLINED);
      await assert.rejects(service().authorizePayment(ordering({ paymentMethod: request.paymentMethod })), DECLINED);
    });

    it('are detached once, although the response was lost', async () => {
      const request = saving();
      await service().authorizePayment(request);
      stage.stripe.dieAfter('/detach');
      await assert.rejects(remove(request.paymentMethod), { type: 'StripeConnectionError' });
      await remove(request.paymentMethod);
      await remove(request.paymentMethod);
      assert.equal(formsOf('/detach').length, 2 + 1);
      assert.deepEqual(await list(), []);
    });

    it('are still attached if Stripe refuses, and a repeat tries again', async () => {
      const request = saving();
      await service().authorizePayment(request);
      stage.stripe.failNext('/detach', 400, { type: 'invalid_request_error', message: 'no' });
      await assert.rejects(remove(request.paymentMethod), { type: 'StripeInvalidRequestError' });
      await remove(request.paymentMethod);
      assert.equal(stage.stripe.ownerOf(request.paymentMethod), undefined);
    });
  });
});
