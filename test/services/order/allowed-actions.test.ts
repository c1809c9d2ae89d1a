import assert from 'node:assert/strict';
import type { OrderAction } from '../../../activities/order-status.ts';
import { everything, kettle, orderStage, teapots } from './test-order-service.ts';

describe('order service: allowed actions', () => {
  const stage = orderStage();

  const allowed = async (orderId: string): Promise<OrderAction[]> => {
    const { allowedActions } = await stage.requests.getOrder({ orderId });
    const listed = await stage.requests.getOrders({ orderIds: [orderId] });
    assert.deepEqual(listed.items[0]!.allowedActions, allowedActions, 'lists show the same');
    return allowedActions;
  };
  const closeWindow = (orderId: string) =>
    stage.database.db
      .updateTable('orders')
      .set({ returnable_until: new Date(Date.now() - 1000) })
      .where('id', '=', orderId)
      .execute();

  it('are to cancel, until the parcel has left', async () => {
    assert.deepEqual(await allowed(await stage.placed()), ['cancel']);
    const orderId = await stage.confirmed();
    assert.deepEqual(await allowed(orderId), ['cancel', 'cancel_lines', 'change_address']);
    await stage.activities.dispatchOrder(stage.note(orderId));
    assert.deepEqual(await allowed(orderId), []);
  });

  it('are to cancel while a compensation waits for a person, but not once the parcel has left', async () => {
    const undone = await stage.confirmed();
    await stage.opened(undone, 'authorizePayment');
    assert.deepEqual(await allowed(undone), ['cancel', 'cancel_lines', 'change_address']);
    const sent = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(sent));
    await stage.opened(sent, 'capturePayment');
    assert.deepEqual(await allowed(sent), []);
  });

  it('are to change what has not left of an order in parcels, but not to cancel all of it', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    assert.deepEqual(await allowed(orderId), ['cancel', 'cancel_lines', 'change_address']);
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: first! });
    assert.deepEqual(await allowed(orderId), ['cancel_lines']);
    await stage.activities.noteParcel({ ...stage.note(orderId), parcelId: first!, trouble: 'lost' });
    assert.deepEqual(await allowed(orderId), ['cancel_lines']);
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: second! });
    assert.deepEqual(await allowed(orderId), []);
  });

  it('are to name a payment method while the order waits for one, also while its holder must confirm one', async () => {
    const orderId = await stage.confirmed();
    const wait = (until: number) =>
      stage.activities.awaitPaymentMethod({ ...stage.note(orderId), until: new Date(until).toISOString() });
    await wait(Date.now() + 60_000);
    assert.deepEqual(await allowed(orderId), ['cancel', 'name_payment_method']);
    const customerAction = { type: 'redirect', url: 'https://bank.example/confirm' } as const;
    const paymentMethod = 'pm_card_mastercard';
    await stage.activities.renewPayment({ ...stage.note(orderId), paymentMethod, customerAction });
    assert.ok((await allowed(orderId)).includes('name_payment_method'));
    await wait(Date.now() - 1000);
    assert.deepEqual(await allowed(orderId), ['cancel']);
  });

  it('are none once the order is rejected or canceled, also while a person looks at its parcel', async () => {
    for (const fulfillmentStatus of ['not_fulfilled', 'booked', 'canceled'] as const) {
      const orderId = await stage.confirmed();
      const left = { paymentStatus: 'canceled', fulfillmentStatus } as const;
      await stage.activities.cancelOrder({ ...stage.note(orderId), ...left });
      assert.deepEqual(await allowed(orderId), []);
      await stage.opened(orderId, 'dispatch', `stray-parcel-${orderId}`);
      assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'canceled', fulfillmentStatus]);
      assert.deepEqual(await allowed(orderId), []);
    }
  });

  it('are to return delivered goods within the window', async () => {
    const [orderId, completed] = [await stage.delivered(), await stage.delivered()];
    assert.deepEqual(await allowed(orderId), ['return']);
    await closeWindow(orderId);
    assert.deepEqual(await allowed(orderId), []);
    await stage.activities.completeOrder(stage.note(completed));
    assert.deepEqual(await allowed(completed), [], 'the workflow has closed it');
  });

  it('are not to return what open returns hold already', async () => {
    const orderId = await stage.delivered();
    await stage.sendBack(orderId, { lines: [teapots(3)] });
    assert.deepEqual(await allowed(orderId), ['return'], 'the kettle is left');
    const rest = await stage.sendBack(orderId, { lines: [{ sku: 'kettle', quantity: 1 }] });
    assert.deepEqual(await allowed(orderId), []);
    await stage.expire(rest);
    assert.deepEqual(await allowed(orderId), ['return']);
  });

  for (const end of ['received', 'refunded', 'not_refunded'] as const) {
    it(`are not to return what came back: ${end}`, async () => {
      const orderId = await stage.delivered();
      const stored = await stage.sendBack(orderId, { lines: everything });
      await stage.receive(stored);
      if (end === 'refunded') await stage.refund(stored);
      if (end === 'not_refunded') await stage.skipRefund(stored);
      assert.deepEqual(await allowed(orderId), []);
    });
  }

  it('are what the order service accepts', async () => {
    const orderId = await stage.delivered();
    for (let piece = 0; piece < 4; piece++) {
      assert.deepEqual(await allowed(orderId), ['return']);
      await stage.sendBack(orderId, { lines: [piece < 3 ? teapots(1) : { sku: 'kettle', quantity: 1 }] });
    }
    assert.deepEqual(await allowed(orderId), []);
    for (const lines of [[teapots(1)], [{ sku: 'kettle', quantity: 1 }]]) {
      await assert.rejects(stage.sendBack(orderId, { lines }), { code: 'TooMany' });
    }
  });
});
