import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ReceivedEvent } from '../../../activities/payment.ts';
import { eventually } from '../../stage/eventually.ts';
import { withSandbox, withStripe } from '../../stage/processor-events.ts';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

const NOTHING = { meaning: 'nothing' };
type Failed = Extract<ReceivedEvent, { meaning: 'captureFailed' }>;

describe('the event that a capture has failed', () => {
  const bench = paymentBench();
  const { sumsOf } = renewals(bench);
  const again = (orderId: string) => ({
    orderId,
    captureId: randomUUID(),
    holdId: randomUUID(),
    amount: pounds(1000),
  });

  it('is told by the sandbox processor for pm_sandbox_captureFailsLater, of the first hold', () =>
    withSandbox(bench, async ({ payment, meanings, ledger }) => {
      const { orderId, ...terms } = paymentRequest({ paymentMethod: 'pm_sandbox_captureFailsLater' });
      await payment.authorizePayment({ orderId, ...terms });
      await payment.capturePayment({ orderId, amount: pounds(1000), outstanding: pounds(1000) });
      await eventually(() => assert.equal(meanings.length, 1));
      assert.deepEqual(meanings, [
        { meaning: 'captureFailed', orderId, captures: [{ parcelId: orderId, amount: pounds(1000) }] },
      ]);
      assert.deepEqual(await ledger(orderId), ['authorization 1250', 'void 1250']);
      await payment.recapturePayment(again(orderId));
      assert.deepEqual(await ledger(orderId), [
        'authorization 1250',
        'void 1250',
        'authorization 1000',
        'capture 1000',
      ]);
    }));

  for (const type of ['charge.failed', 'payment_intent.payment_failed'] as const) {
    it(`is told by Stripe as ${type}, of all captures of the charge`, () =>
      withStripe(
        bench,
        async ({ stripe, payment, receive: receiveFromStripe }) => {
          const request = paymentRequest();
          const { orderId } = request;
          const object =
            type === 'charge.failed'
              ? { id: 'ch_1', object: 'charge', payment_intent: 'pi_1' }
              : { id: 'pi_1', object: 'payment_intent' };
          await payment.authorizePayment(request);
          const parcelId = randomUUID();
          await payment.capturePayment({ orderId, amount: pounds(250), outstanding: pounds(1250) });
          await payment.capturePayment({ orderId, parcelId, amount: pounds(1000), outstanding: pounds(1000) });
          assert.deepEqual(await receiveFromStripe(type, object), NOTHING);
          stripe.failCharge('pi_1');
          for (const _again of [1, 2]) {
            const { captures, ...meaning } = (await receiveFromStripe(type, object)) as Failed;
            assert.deepEqual(meaning, { meaning: 'captureFailed', orderId });
            assert.deepEqual(new Set(captures.map(({ amount }) => amount.amountMinor)), new Set([250, 1000]));
          }
          assert.deepEqual(await sumsOf(orderId), ['captured', 1250, 1250, 0, 0]);
          await payment.recapturePayment(again(orderId));
          assert.deepEqual(stripe.intent('pi_2').amount_received, 1000);
        },
        { multicapture: true },
      ));
  }

  it('takes back at Stripe what one capture has taken for several parcels, and all of it is captured again', () =>
    withStripe(bench, async ({ stripe, payment, receive }) => {
      const request = paymentRequest();
      const { orderId } = request;
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId, amount: pounds(250), outstanding: pounds(1250) });
      const other = { orderId, parcelId: randomUUID(), amount: pounds(1000), outstanding: pounds(1000) };
      assert.deepEqual(await payment.capturePayment(other), { captured: pounds(0) });
      stripe.failCharge('pi_1');
      const charge = { id: 'ch_1', object: 'charge', payment_intent: 'pi_1' };
      assert.deepEqual(await receive('charge.failed', charge), {
        meaning: 'captureFailed',
        orderId,
        captures: [{ parcelId: orderId, amount: pounds(1250) }],
      });
      await payment.recapturePayment({ ...again(orderId), amount: pounds(1250) });
      assert.equal(stripe.intent('pi_2').amount_received, 1250);
      assert.deepEqual(await sumsOf(orderId), ['captured', 2500, 1250, 1250, 0]);
    }));
});
