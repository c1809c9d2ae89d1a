import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderStage } from './test-order-service.ts';

describe('order service: interventions', () => {
  const stage = orderStage();
  const opening = (orderId: string) => ({
    ...stage.note(orderId, 'capturePayment'),
    interventionId: randomUUID(),
    step: 'capturePayment' as const,
    reason: 'CaptureRefused: the hold has lapsed',
    paymentStatus: 'requires_action' as const,
  });
  const get = (interventionId: string) => stage.requests.getIntervention({ interventionId });
  const cancel = (orderId: string, paymentStatus: 'canceled' | 'requires_action' = 'canceled') =>
    stage.activities.cancelOrder({ ...stage.note(orderId), paymentStatus, fulfillmentStatus: 'canceled' });

  it('stop the order until a person decides, once however often they are opened', async () => {
    const orderId = await stage.confirmed();
    const asked = opening(orderId);
    await Promise.all([1, 2, 3].map(() => stage.activities.openIntervention(asked)));
    const before = await stage.requests.getOrder({ orderId });
    await stage.activities.openIntervention(asked);
    assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'requires_action', 'booked']);
    const { openedAt: _openedAt, ...kept } = await get(asked.interventionId);
    assert.deepEqual(kept, {
      id: asked.interventionId,
      orderId,
      workflowId: `order-${orderId}`,
      step: 'capturePayment',
      reason: asked.reason,
      state: 'open',
      action: null,
      note: null,
      resolvedBy: null,
      resolvedAt: null,
    });
    assert.deepEqual(await stage.steps(orderId), ['capturePayment']);
    assert.equal((await stage.events(orderId)).filter((type) => type === 'order.action_required').length, 1);
  });

  it('closed by a retry leave the order what it was, and say who decided', async () => {
    const orderId = await stage.confirmed();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    const { state, action, note, resolvedBy, resolvedAt } = await get(interventionId);
    assert.deepEqual([state, action, note, resolvedBy], ['resolved', 'retry', 'seen', 'admin']);
    assert.ok(resolvedAt);
  });

  it('closed again change nothing: the first decision stands', async () => {
    const orderId = await stage.confirmed();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, interventionId, 'retry');
    const [order, intervention] = [await stage.requests.getOrder({ orderId }), await get(interventionId)];
    await stage.closed(orderId, interventionId, 'skip');
    assert.deepEqual(await stage.requests.getOrder({ orderId }), order);
    assert.deepEqual(await get(interventionId), intervention);
  });

  it('told again after they were closed do not stop the order again', async () => {
    const orderId = await stage.confirmed();
    const asked = opening(orderId);
    await stage.activities.openIntervention(asked);
    await stage.closed(orderId, asked.interventionId, 'retry');
    await stage.activities.openIntervention(asked);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('two at a time stop the order until the last is closed', async () => {
    const orderId = await stage.delivered();
    const first = await stage.opened(orderId, 'refundPayment', 'return-1');
    const second = await stage.opened(orderId, 'restockReturn', 'return-2');
    await stage.closed(orderId, first, 'retry');
    assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    await stage.closed(orderId, second, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('two that are closed at once let the order go on', async () => {
    for (let round = 0; round < 5; round++) {
      const orderId = await stage.delivered();
      const ids = await Promise.all(['1', '2'].map((id) => stage.opened(orderId, 'restockReturn', `return-${id}`)));
      await Promise.all(ids.map((id) => stage.closed(orderId, id, 'retry')));
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    }
  });

  it('on money that is skipped leave the payment marked, on goods they do not', async () => {
    const money = await stage.confirmed();
    await stage.closed(money, await stage.opened(money, 'capturePayment'), 'skip');
    assert.deepEqual(await stage.statuses(money), ['confirmed', 'requires_action', 'booked']);
    const goods = await stage.confirmed();
    await stage.closed(goods, await stage.opened(goods, 'commitStock'), 'skip');
    assert.deepEqual(await stage.statuses(goods), ['confirmed', 'authorized', 'booked']);
  });

  for (const order of ['money first', 'goods first'] as const) {
    it(`skipped on money and retried on goods, ${order}, leave the payment marked`, async () => {
      const orderId = await stage.delivered();
      const money = await stage.opened(orderId, 'refundPayment', 'return-1');
      const goods = await stage.opened(orderId, 'restockReturn', 'return-2');
      if (order === 'money first') await stage.closed(orderId, money, 'skip');
      await stage.closed(orderId, goods, 'retry');
      if (order === 'goods first') await stage.closed(orderId, money, 'skip');
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'delivered']);
    });
  }

  it('skipped on goods and retried on money leave the payment what it was', async () => {
    const orderId = await stage.delivered();
    const money = await stage.opened(orderId, 'refundPayment', 'return-1');
    const goods = await stage.opened(orderId, 'restockReturn', 'return-2');
    await stage.closed(orderId, money, 'retry');
    await stage.closed(orderId, goods, 'skip');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('keep a capture that a retry brought about', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId));
    await stage.closed(orderId, await stage.opened(orderId, 'capturePayment'), 'retry');
    await stage.activities.captureOrder(stage.note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
  });

  it('do not hide that the order was completed meanwhile, told once', async () => {
    const orderId = await stage.delivered();
    const interventionId = await stage.opened(orderId, 'restockReturn', 'return-1');
    await stage.activities.completeOrder(stage.note(orderId));
    const before = await stage.requests.getOrder({ orderId });
    await stage.activities.completeOrder(stage.note(orderId));
    assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
    assert.equal(before.status, 'requires_action');
    await stage.closed(orderId, interventionId, 'skip');
    assert.deepEqual(await stage.statuses(orderId), ['completed', 'captured', 'delivered']);
    assert.equal((await stage.events(orderId)).filter((type) => type === 'order.completed').length, 1);
  });

  it('opened on a completed order leave it completed when they are closed', async () => {
    const orderId = await stage.delivered();
    await stage.activities.completeOrder(stage.note(orderId));
    await stage.closed(orderId, await stage.opened(orderId, 'refundPayment', 'return-1'), 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['completed', 'captured', 'delivered']);
  });

  it('let an order that is still undone end, with a skipped void marked', async () => {
    const orderId = await stage.placed();
    await stage.closed(orderId, await stage.opened(orderId, 'authorizePayment'), 'skip');
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'requires_action', 'not_fulfilled']);
    await cancel(orderId, 'requires_action');
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'requires_action', 'canceled']);
  });

  it('leave nothing marked where a void was retried and went well', async () => {
    const orderId = await stage.confirmed();
    await stage.closed(orderId, await stage.opened(orderId, 'authorizePayment'), 'retry');
    await cancel(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
  });

  it('that outlive the order do not bring it back to life', async () => {
    const orderId = await stage.placed();
    const interventionId = await stage.opened(orderId, 'reserveStock');
    await cancel(orderId);
    assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
  });

  it('do not stand in the way of the parcel', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId));
    const interventionId = await stage.opened(orderId, 'commitStock');
    await stage.activities.captureOrder(stage.note(orderId));
    await stage.activities.deliverOrder(stage.note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'captured', 'delivered']);
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('keep words that PostgreSQL cannot', async () => {
    const orderId = await stage.placed();
    const words = 'a\0b\ud83d';
    const [entry] = stage.note(orderId, 'cancel').entries;
    const asked = { ...opening(orderId), reason: words, entries: [{ ...entry!, detail: words }] };
    await stage.activities.openIntervention(asked);
    await stage.activities.closeIntervention({
      ...stage.note(orderId),
      interventionId: asked.interventionId,
      action: 'retry',
      note: words,
      resolvedBy: 'admin',
    });
    const rejection = { code: 'CardDeclined' as const, detail: words };
    const left = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
    await stage.activities.rejectOrder({ ...stage.note(orderId), ...left, rejection });
    const { reason, note } = await get(asked.interventionId);
    const [told] = (await stage.requests.getHistory({ orderId })).items;
    const order = await stage.requests.getOrder({ orderId });
    for (const kept of [reason, note, told!.detail, order.rejection!.detail]) assert.equal(kept, 'a\ufffdb\ufffd');
  });
});
