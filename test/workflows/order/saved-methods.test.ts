import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Lane } from '../../../activities/lane.ts';
import type { AuthorizePayment, RenewHold } from '../../../activities/payment.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { changePaymentMethodUpdate } from '../../../workflows/order/change-messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { confirmed } from '../../stage/order-actions.ts';
import { waitingOrder } from '../../stage/parcel-actions.ts';
import { type Fault, useTestWorkers } from '../../stage/test-workers.ts';

const CARD = 'pm_card_visa';

/** Carries the step out, and keeps what was asked. */
const noting =
  <Request>(asked: Request[]): Fault =>
  async ({ request, next }) => {
    asked.push(request as Request);
    return next();
  };

describe('what an order workflow tells the payment service about saved payment methods', function () {
  this.timeout(120_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  for (const lane of Lane.options) {
    test(`is whose order it is, and whether its payment method is saved, in the lane ${lane}`, async () => {
      for (const savePaymentMethod of [undefined, true]) {
        const asked: AuthorizePayment[] = [];
        const customerId = randomUUID();
        const change = { customerId, ...(savePaymentMethod && { savePaymentMethod }) };
        const order = await workers()
          .inLane(lane)
          .place({ authorizePayment: noting(asked) }, change);
        await confirmed(order);
        assert.deepEqual(
          asked.map((request) => [request.customerId, request.savePaymentMethod]),
          [[customerId, savePaymentMethod]],
        );
        await order.handle.terminate();
      }
    });
  }

  test('is who names another one: whoever placed the order, or the account that it belongs to now', async () => {
    for (const customerId of [undefined, randomUUID() as string]) {
      const asked: RenewHold[] = [];
      const renewHold: Fault = async (call) => {
        if ((call.request as RenewHold).paymentMethod === CARD) throw new Refusal('CardDeclined', 'no');
        return noting(asked)(call);
      };
      const owner = randomUUID();
      const order = await waitingOrder(workers(), { renewHold }, { authorizationDays: 2 / 86_400, customerId: owner });
      await eventually(() => assert.equal(order.world.paymentStatus, 'awaiting_customer'));
      const args: [{ paymentMethod: string; customerId?: string }] = [
        { paymentMethod: 'pm_saved', ...(customerId !== undefined && { customerId }) },
      ];
      await order.handle.executeUpdate(changePaymentMethodUpdate, { args });
      assert.equal(asked[0]?.customerId, customerId ?? owner);
      await eventually(() => assert.ok(asked.length > 1, 'a renewal that nobody has asked for'));
      assert.equal(asked[1]?.customerId, undefined);
      await order.handle.terminate();
    }
  });
});
