import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createStripeProcessor } from '../../../services/payment/processor/stripe.ts';
import { type StripeServer, startStripeServer } from '../../stage/fake-stripe.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

const API_KEY = 'sk_test_123';

describe('a card at Stripe that does not allow several captures', () => {
  const bench = paymentBench();
  let stripe: StripeServer;
  beforeEach(async () => {
    stripe = await startStripeServer();
    // The server's intent ids start at pi_1 for each test.
    await bench.database.db.updateTable('payments').set({ reference: null }).execute();
    await bench.database.db.updateTable('holds').set({ reference: null }).execute();
  });
  afterEach(() => stripe.close());

  const service = (multicapture: boolean) =>
    createPaymentActivities({
      db: bench.database.db,
      processor: createStripeProcessor({ apiKey: API_KEY, apiBase: stripe.url, multicapture }),
    });
  const authorized = async (multicapture: boolean) => {
    const request = paymentRequest({ amount: pounds(1000) });
    await service(multicapture).authorizePayment(request);
    return request.orderId;
  };
  const parts = (orderId: string) => {
    const first = { orderId, parcelId: orderId, amount: pounds(400), outstanding: pounds(900) };
    return [first, { orderId, parcelId: randomUUID(), amount: pounds(500), outstanding: pounds(500) }] as const;
  };
  const sumsOf = async (orderId: string) => {
    const { status, authorized_minor, voided_minor, captured_minor } = await bench.paymentOf(orderId);
    return [status, authorized_minor, voided_minor, captured_minor];
  };
  const captures = () => stripe.requests.filter(({ call }) => call.endsWith('/capture'));

  for (const isRenewed of [false, true]) {
    it(`captures all with the first parcel if the card ${isRenewed ? 'of the renewal ' : ''}allows one capture`, async () => {
      if (!isRenewed) stripe.forbidMulticapture();
      const orderId = await authorized(true);
      if (isRenewed) {
        stripe.forbidMulticapture();
        const holdId = randomUUID();
        await service(true).renewHold({ orderId, holdId, amount: pounds(1000), paymentMethod: 'pm_card_visa' });
        await service(true).releaseReplacedHolds({ orderId });
      }
      const [first, last] = parts(orderId);
      assert.deepEqual(await service(true).capturePayment(first), { captured: pounds(900) });
      assert.deepEqual(await service(true).capturePayment(last), { captured: pounds(0) });
      const form = { amount_to_capture: '900', [`metadata[${orderId}]`]: `${orderId}:capture` };
      assert.deepEqual(
        captures().map((capture) => capture.form),
        [form],
      );
      const held = isRenewed ? 2000 : 1000;
      assert.deepEqual(await sumsOf(orderId), ['captured', held, held - 900, 900]);
    });
  }

  it('captures parts of a renewal whose card allows it, after a hold whose card did not', async () => {
    const orderId = await authorized(false);
    const renewal = { orderId, holdId: randomUUID(), amount: pounds(1000), paymentMethod: 'pm_card_visa' };
    await service(true).renewHold(renewal);
    assert.deepEqual(await service(true).capturePayment(parts(orderId)[0]), { captured: pounds(400) });
    assert.equal(stripe.intent('pi_2').amount_capturable, 600);
  });
});
