import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createStripeProcessor } from '../../../services/payment/processor/stripe.ts';
import { FIRST_USE, paymentRequest, pounds } from '../../stage/test-payment-service.ts';
import { findStripeMock, startStripeMock } from '../../stage/stripe-mock.ts';
import { type StripeServer, startStripeServer } from '../../stage/fake-stripe.ts';

const API_KEY = 'sk_test_123';
const stripeMock = findStripeMock();

describe(
  stripeMock
    ? 'requests to Stripe, checked by stripe-mock against its OpenAPI document'
    : 'requests to Stripe, unchecked because stripe-mock and Go are absent on this machine',
  () => {
    let mock: { url: string; close(): Promise<void> } | undefined;
    let stripe: StripeServer;
    before(async function () {
      this.timeout(320_000);
      mock = stripeMock === undefined ? undefined : await startStripeMock(stripeMock);
      stripe = await startStripeServer(mock && { validator: mock.url });
    });
    after(async () => {
      await stripe.close();
      await mock?.close();
    });

    it('are all well formed', async () => {
      const processor = createStripeProcessor({ apiKey: API_KEY, apiBase: stripe.url, multicapture: true });
      const { orderId, amount, paymentMethod } = paymentRequest();
      const customer = await processor.addCustomer({ orderId });
      const opening = { amount, paymentMethod, customer, usedBefore: false };
      const terms = { amount, paymentMethod, ...FIRST_USE };
      const reference = await processor.open({ orderId, holdId: orderId, ...opening });
      const effect = (key: string) => ({ key: `${orderId}:${key}`, orderId, holdId: orderId, reference });
      await processor.authorize({ ...effect('authorize'), ...terms });
      await processor.find({ ...effect('authorize'), step: 'authorize', ...terms });
      const part = { parcelId: orderId, amount: pounds(400), whole: false, final: false, several: true };
      await processor.capture({ ...effect('capture'), ...part });
      await processor.void({ ...effect('rest'), rest: true });
      await processor.refund({ ...effect('refund'), amount: pounds(1) });
      await processor.find({ ...effect('refund'), step: 'refund', amount: pounds(1) });
      const other = { orderId, holdId: randomUUID(), ...opening, usedBefore: true };
      const again = { ...effect('authorize:again'), reference: await processor.open(other) };
      await processor.authorize({ ...again, ...terms, usedBefore: true });
      await processor.void({ ...again, key: `${orderId}:void`, rest: false });
      const user = await processor.addCustomer({ userId: randomUUID() });
      const saving = { ...opening, orderId: randomUUID(), holdId: orderId, customer: user };
      const toBeSaved = { ...effect('authorize:saved'), reference: await processor.open(saving) };
      const receipt = await processor.authorize({ ...toBeSaved, ...terms, customer: user, save: true });
      await processor.detach(('saved' in receipt && receipt.saved?.paymentMethod) || assert.fail('nothing was saved'));
      assert.equal(stripe.requests.length, 17);
    });

    if (stripeMock) {
      it('are refused with a parameter that Stripe does not know', async () => {
        const response = await fetch(`${stripe.url}/v1/payment_intents`, {
          method: 'POST',
          headers: { authorization: `Bearer ${API_KEY}` },
          body: new URLSearchParams({ amount: '1250', currency: 'gbp', capture_metod: 'manual' }),
        });
        assert.equal(response.status, 400);
      });
    }
  },
);
