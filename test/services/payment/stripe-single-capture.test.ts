import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pounds } from '../../stage/test-payment-service.ts';
import { inParts, stripeBench } from '../../stage/stripe-bench.ts';

describe('a card at Stripe that does not allow several captures', () => {
  const stage = stripeBench();
  const { service } = stage;
  const several = () => service({ multicapture: true });
  const { authorized, parts, sumsOf, captures } = inParts(stage);

  for (const isRenewed of [false, true]) {
    it(`captures all with the first parcel if the card ${isRenewed ? 'of the renewal ' : ''}allows one capture`, async () => {
      if (!isRenewed) stage.stripe.forbidMulticapture();
      const orderId = await authorized(true);
      if (isRenewed) {
        stage.stripe.forbidMulticapture();
        const holdId = randomUUID();
        await several().renewHold({
          orderId,
          holdId,
          amount: pounds(1000),
          paymentMethod: 'pm_card_visa',
        });
        await several().releaseReplacedHolds({ orderId });
      }
      const [first, last] = parts(orderId);
      assert.deepEqual(await several().capturePayment(first), { captured: pounds(900) });
      assert.deepEqual(await several().capturePayment(last), { captured: pounds(0) });
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
    await several().renewHold(renewal);
    assert.deepEqual(await several().capturePayment(parts(orderId)[0]), {
      captured: pounds(400),
    });
    assert.equal(stage.stripe.intent('pi_2').amount_capturable, 600);
  });

  it('is captured once also if multicapture is turned on while its order is under way', async () => {
    const orderId = await authorized(false);
    const [first, last] = parts(orderId);
    assert.deepEqual(await several().capturePayment(first), { captured: pounds(900) });
    assert.deepEqual(await several().capturePayment(last), { captured: pounds(0) });
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 100, 900]);
  });
});
