import assert from 'node:assert/strict';
import type { CancelOrder, RejectOrder } from '../../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import { orderStage } from './test-order-service.ts';

const customerAction = { type: 'redirect', url: 'https://bank.example/confirm' } as const;
const ended = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
const rejection = { code: 'PaymentNotCompleted' as const, detail: 'nobody confirmed' };
const rejectedBy = (note: OrderUpdate): RejectOrder => ({ ...note, ...ended, rejection });
const canceledBy = (note: OrderUpdate): CancelOrder => ({ ...note, ...ended });

describe('order service: orders whose customer must act', () => {
  const stage = orderStage();

  it('says what the customer must do and until when, until that is decided', async () => {
    const ENDS: ((note: OrderUpdate) => Promise<unknown>)[] = [
      (note) => stage.activities.confirmOrder({ ...note, trackingNumber: 'SB-7' }),
      (note) => stage.activities.rejectOrder(rejectedBy(note)),
      (note) => stage.activities.cancelOrder(canceledBy(note)),
    ];
    for (const end of ENDS) {
      const orderId = await stage.placed();
      const { expiresAt } = await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
      const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
      assert.ok(minutes > 29 && minutes <= 30, `${minutes} minutes`);
      assert.deepEqual((await stage.requests.getOrder({ orderId })).nextAction, { ...customerAction, expiresAt });
      const published = stage.database.db.selectFrom('outbox').select('data').where('subject', '=', orderId);
      const asked = published.where('type', '=', 'order.payment_action_required');
      assert.partialDeepStrictEqual((await asked.executeTakeFirstOrThrow()).data, {
        url: customerAction.url,
        expiresAt,
      });
      await end(stage.note(orderId));
      assert.equal((await stage.requests.getOrder({ orderId })).nextAction, null);
      assert.notEqual((await stage.statuses(orderId))[1], 'awaiting_customer');
    }
  });

  it('lets no customer wait whose order has been decided', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    assert.equal((await stage.requests.getOrder({ orderId })).nextAction, null);
  });

  it('is authorized once the customer has confirmed, and no longer says what to do', async () => {
    const orderId = await stage.placed();
    await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
    for (const _again of [1, 2]) await stage.activities.authorizeOrder(stage.note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'authorized', 'not_fulfilled']);
    assert.equal((await stage.requests.getOrder({ orderId })).nextAction, null);
  });

  it('does not count among the orders that new ones wait behind', async () => {
    const backlog = async () => (await stage.requests.getBacklog({ youngerThanSeconds: 3_600 })).undecided;
    const before = await backlog();
    const orderId = await stage.placed();
    assert.equal(await backlog(), before + 1);
    await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
    assert.equal(await backlog(), before);
  });

  it('says what to do only while the customer can', async () => {
    const orderId = await stage.placed();
    await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
    const interventionId = await stage.opened(orderId, 'reserveStock');
    assert.equal((await stage.requests.getOrder({ orderId })).nextAction, null);
    await stage.closed(orderId, interventionId, 'retry');
    assert.notEqual((await stage.requests.getOrder({ orderId })).nextAction, null);
    const expired = JSON.stringify({ ...customerAction, expiresAt: new Date(Date.now() - 1000).toISOString() });
    await stage.database.db.updateTable('orders').set({ next_action: expired }).where('id', '=', orderId).execute();
    assert.equal((await stage.requests.getOrder({ orderId })).nextAction, null);
  });

  it('tells that the money was held after all, where nobody knew', async () => {
    const orderId = await stage.placed();
    await stage.activities.cancelOrder({ ...canceledBy(stage.note(orderId)), paymentStatus: 'not_paid' });
    await stage.activities.releasePayment({
      ...stage.note(orderId, 'releasePayment'),
      workflowId: `late-payment-${orderId}`,
    });
    assert.equal((await stage.requests.getOrder({ orderId })).paymentStatus, 'canceled');
  });

  it('tells once that a late hold was released, and leaves the order as it is', async () => {
    const orderId = await stage.placed();
    await stage.activities.cancelOrder(canceledBy(stage.note(orderId)));
    const before = await stage.requests.getOrder({ orderId });
    assert.equal(before.paymentStatus, 'canceled');
    const note = { ...stage.note(orderId, 'releasePayment'), workflowId: `late-payment-${orderId}` };
    await Promise.all([1, 2, 3].map(() => stage.activities.releasePayment(note)));
    assert.deepEqual((await stage.events(orderId)).slice(2), ['order.payment_released']);
    assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
  });
});
