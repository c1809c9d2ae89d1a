import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startProcessor } from '../../sandbox/processor.ts';
import { get, ledgerOf, post, quiet, scratch } from './requests.ts';

describe('payment methods that are saved at the sandbox processor', () => {
  let folder: string;
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  beforeEach(async () => {
    folder = scratch();
    processor = await startProcessor({ port: 0, folder, logger: quiet });
  });
  afterEach(() => processor.close());

  const newCustomer = async (key: string = randomUUID()) =>
    (await post(`${processor.url}/customers`, {}, key)).body as { id: string };
  const authorize = async (difference: object, orderId = randomUUID() as string) => {
    const payment = { orderId, amountMinor: 1999, currency: 'GBP', paymentMethod: 'pm_card_visa', ...difference };
    return { orderId, answer: await post(`${processor.url}/authorizations`, payment, `${orderId}:authorize`) };
  };
  const save = async (customer: string, paymentMethod = 'pm_card_visa') => {
    const { answer } = await authorize({ customer, save: true, paymentMethod });
    return (answer.body.saved as { paymentMethod: string }).paymentMethod;
  };
  const detach = (paymentMethod: string) => post(`${processor.url}/payment-methods/${paymentMethod}/detach`, {});
  const codeOf = async (difference: object) => {
    const { orderId, answer } = await authorize(difference);
    assert.deepEqual(await ledgerOf(processor.url, orderId), []);
    return [answer.status, answer.body.code];
  };

  it('belong to a customer, who is registered once for each key', async () => {
    const { id } = await newCustomer('key');
    assert.match(id, /^cus_/);
    assert.equal((await newCustomer('key')).id, id);
    assert.notEqual((await newCustomer()).id, id);
  });

  it('come with the response to the authorization, and with every repeat of it', async () => {
    const { id: customer } = await newCustomer();
    const { orderId, answer } = await authorize({ customer, save: true });
    const { paymentMethod, ...shown } = answer.body.saved as { paymentMethod: string };
    assert.match(paymentMethod, /^pm_saved_[0-9a-f]{32}$/);
    assert.deepEqual(shown, { brand: 'visa', last4: '4242', expiryMonth: 12, expiryYear: 2034 });
    const repeat = await authorize({ customer, save: true }, orderId);
    assert.deepEqual(repeat.answer, answer);
    const { body } = await get(`${processor.url}/operations/${orderId}:authorize`);
    assert.deepEqual(body.body, answer.body);
    const without = await authorize({ customer });
    assert.equal(without.answer.body.saved, undefined);
  });

  it('are what they were saved as: their test card decides what happens', async () => {
    const { id: customer } = await newCustomer();
    const paymentMethod = await save(customer, 'pm_sandbox_renewalDeclined');
    const { orderId, answer } = await authorize({ customer, paymentMethod });
    assert.equal(answer.status, 201);
    const again = { orderId, holdId: randomUUID(), customer, paymentMethod, amountMinor: 1, currency: 'GBP' };
    const renewed = await post(`${processor.url}/authorizations`, again);
    assert.deepEqual([renewed.status, renewed.body.code], [402, 'CardDeclined']);
  });

  it('lose a response like their test card', async () => {
    const { id: customer } = await newCustomer();
    const charging = { customer, paymentMethod: await save(customer, 'pm_sandbox_captureTimeout') };
    const { orderId } = await authorize(charging);
    await assert.rejects(post(`${processor.url}/captures`, { orderId }, 'capture'));
    assert.equal((await post(`${processor.url}/captures`, { orderId }, 'capture')).status, 201);
    const [first, later] = [randomUUID(), randomUUID()];
    const saving = { customer, save: true, paymentMethod: 'pm_sandbox_authorizeTimeout' };
    await assert.rejects(authorize(saving, first));
    const { saved } = (await authorize(saving, first)).answer.body as { saved: { paymentMethod: string } };
    const again = { customer, paymentMethod: saved.paymentMethod };
    await assert.rejects(authorize(again, later));
    assert.equal((await authorize(again, later)).answer.status, 201);
  });

  it('cannot be charged by another customer, by none, or once they are detached, also after a restart', async () => {
    const [{ id: customer }, { id: stranger }] = [await newCustomer(), await newCustomer()];
    const paymentMethod = await save(customer);
    for (const other of [{ customer: stranger }, { customer: stranger, save: true }, {}]) {
      assert.deepEqual(await codeOf({ paymentMethod, ...other }), [402, 'PaymentMethodNotUsable']);
    }
    assert.equal((await authorize({ customer, paymentMethod })).answer.status, 201);
    for (const answer of [await detach(paymentMethod), await detach(paymentMethod)]) {
      assert.deepEqual([answer.status, answer.body.customer], [200, null]);
    }
    await processor.close();
    processor = await startProcessor({ port: 0, folder, logger: quiet });
    assert.deepEqual(await codeOf({ customer, paymentMethod }), [402, 'PaymentMethodNotUsable']);
    assert.equal((await detach('pm_saved_0')).status, 404);
  });

  it('are saved once their holder has confirmed, and not before', async () => {
    const { id: customer } = await newCustomer();
    const asking = { customer, save: true, paymentMethod: 'pm_sandbox_authenticationRequired', customerMayAct: true };
    const { orderId, answer } = await authorize(asking);
    assert.deepEqual([answer.status, answer.body.saved], [202, undefined]);
    const outcome = async () => (await get(`${processor.url}/operations/${orderId}:authorize`)).body.body as object;
    assert.ok(!('saved' in (await outcome())));
    await post(`${processor.url}/payments/${orderId}/authenticate`, { outcome: 'succeeded' });
    const { saved } = (await outcome()) as { saved: { paymentMethod: string; last4: string } };
    assert.equal(saved.last4, '3184');
    const later = await authorize({ customer, paymentMethod: saved.paymentMethod, customerMayAct: true });
    assert.equal(later.answer.status, 202);
  });

  it('are not saved if the card is declined, twice, or for a customer that does not exist', async () => {
    const { id: customer } = await newCustomer();
    const declined = { customer, save: true, paymentMethod: 'pm_card_chargeDeclined' };
    const { orderId, answer: no } = await authorize(declined);
    assert.deepEqual([no.status, no.body.code, no.body.saved], [402, 'CardDeclined', undefined]);
    const other = { orderId, customer, save: true, paymentMethod: 'pm_card_visa', amountMinor: 1, currency: 'GBP' };
    assert.ok((await post(`${processor.url}/authorizations`, other)).body.saved);
    const paymentMethod = await save(customer);
    const { answer } = await authorize({ customer, save: true, paymentMethod });
    assert.deepEqual([answer.status, answer.body.saved], [201, undefined]);
    for (const nobody of [{ customer: 'cus_0' }, { customer: 'cus_0', save: true }, { save: true }]) {
      assert.deepEqual(await codeOf(nobody), [400, 'UnknownCustomer']);
    }
  });
});
