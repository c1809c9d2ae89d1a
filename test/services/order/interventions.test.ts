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

  it('stop the order once until a person decides, however often they are opened', async () => {
    const orderId = await stage.confirmed();
    const request = opening(orderId);
    await Promise.all([1, 2, 3].map(() => stage.activities.openIntervention(request)));
    const before = await stage.requests.getOrder({ orderId });
    await stage.activities.openIntervention(request);
    assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'requires_action', 'booked']);
    const { id, workflowId, step, reason, state, action, resolvedAt } = await get(request.interventionId);
    assert.deepEqual(
      [id, workflowId, step, reason],
      [request.interventionId, `order-${orderId}`, 'capturePayment', request.reason],
    );
    assert.deepEqual([state, action, resolvedAt], ['open', null, null]);
    assert.deepEqual(await stage.steps(orderId), ['capturePayment']);
    assert.equal((await stage.events(orderId)).filter((type) => type === 'order.action_required').length, 1);
  });

  it('closed with a retry restore the order’s statuses, and record who decided', async () => {
    const orderId = await stage.confirmed();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    const { state, action, note, resolvedBy, resolvedAt } = await get(interventionId);
    assert.deepEqual([state, action, note, resolvedBy], ['resolved', 'retry', 'seen', 'admin']);
    assert.ok(resolvedAt);
  });

  it('closed again change nothing: the first decision is final', async () => {
    const orderId = await stage.confirmed();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, interventionId, 'retry');
    const [order, intervention] = [await stage.requests.getOrder({ orderId }), await get(interventionId)];
    await stage.closed(orderId, interventionId, 'skip');
    assert.deepEqual(await stage.requests.getOrder({ orderId }), order);
    assert.deepEqual(await get(interventionId), intervention);
  });

  it('opened again after they were closed do not stop the order again', async () => {
    const orderId = await stage.confirmed();
    const request = opening(orderId);
    await stage.activities.openIntervention(request);
    await stage.closed(orderId, request.interventionId, 'retry');
    await stage.activities.openIntervention(request);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('stop the order until the last of two is closed', async () => {
    const orderId = await stage.delivered();
    const first = await stage.opened(orderId, 'refundPayment', 'return-1');
    const second = await stage.opened(orderId, 'restockReturn', 'return-2');
    await stage.closed(orderId, first, 'retry');
    assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    await stage.closed(orderId, second, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('close the open questions of a terminated workflow, and no others', async () => {
    const orderId = await stage.confirmed();
    const ended = await stage.opened(orderId, 'capturePayment', 'ended');
    const other = await stage.opened(orderId, 'commitStock', 'other');
    const request = { ...opening(orderId), workflowId: 'another', inPlaceOf: ['ended before', 'ended'] };
    for (const _again of [1, 2]) await stage.activities.openIntervention(request);
    const { state, action, resolvedBy } = await get(ended);
    assert.deepEqual([state, action, resolvedBy], ['resolved', 'retry', 'system']);
    await stage.closed(orderId, request.interventionId, 'retry');
    assert.equal((await get(other)).state, 'open');
    await stage.closed(orderId, other, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('let the order continue when two are closed at once', async () => {
    for (let round = 0; round < 5; round++) {
      const orderId = await stage.delivered();
      const ids = await Promise.all(['1', '2'].map((id) => stage.opened(orderId, 'restockReturn', `return-${id}`)));
      await Promise.all(ids.map((id) => stage.closed(orderId, id, 'retry')));
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    }
  });

  it('skipped on a payment step leave the payment marked, skipped on a stock step they do not', async () => {
    const onPayment = await stage.confirmed();
    await stage.closed(onPayment, await stage.opened(onPayment, 'capturePayment'), 'skip');
    assert.deepEqual(await stage.statuses(onPayment), ['confirmed', 'requires_action', 'booked']);
    const onStock = await stage.confirmed();
    await stage.closed(onStock, await stage.opened(onStock, 'commitStock'), 'skip');
    assert.deepEqual(await stage.statuses(onStock), ['confirmed', 'authorized', 'booked']);
  });

  for (const order of ['payment first', 'stock first'] as const) {
    it(`skipped on a payment step and retried on a stock step, ${order}, leave the payment marked`, async () => {
      const orderId = await stage.delivered();
      const onPayment = await stage.opened(orderId, 'refundPayment', 'return-1');
      const onStock = await stage.opened(orderId, 'restockReturn', 'return-2');
      if (order === 'payment first') await stage.closed(orderId, onPayment, 'skip');
      await stage.closed(orderId, onStock, 'retry');
      if (order === 'stock first') await stage.closed(orderId, onPayment, 'skip');
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'delivered']);
    });
  }

  it('skipped on a stock step and retried on a payment step restore the payment status', async () => {
    const orderId = await stage.delivered();
    const onPayment = await stage.opened(orderId, 'refundPayment', 'return-1');
    const onStock = await stage.opened(orderId, 'restockReturn', 'return-2');
    await stage.closed(orderId, onPayment, 'retry');
    await stage.closed(orderId, onStock, 'skip');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('keep a capture that succeeded on retry', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId));
    await stage.closed(orderId, await stage.opened(orderId, 'capturePayment'), 'retry');
    await stage.activities.captureOrder(stage.note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
  });

  it('do not hide that the order was completed meanwhile, with one event', async () => {
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

  it('opened on a completed order leave it completed once they are closed', async () => {
    const orderId = await stage.delivered();
    await stage.activities.completeOrder(stage.note(orderId));
    await stage.closed(orderId, await stage.opened(orderId, 'refundPayment', 'return-1'), 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['completed', 'captured', 'delivered']);
  });

  it('let a compensated order end, with a skipped void marked', async () => {
    const orderId = await stage.placed();
    await stage.closed(orderId, await stage.opened(orderId, 'authorizePayment'), 'skip');
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'requires_action', 'not_fulfilled']);
    await cancel(orderId, 'requires_action');
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'requires_action', 'canceled']);
  });

  it('leave nothing marked if a void succeeded on retry', async () => {
    const orderId = await stage.confirmed();
    await stage.closed(orderId, await stage.opened(orderId, 'authorizePayment'), 'retry');
    await cancel(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
  });

  it('closed after the order ended do not reopen it', async () => {
    const orderId = await stage.placed();
    const interventionId = await stage.opened(orderId, 'reserveStock');
    await cancel(orderId);
    assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
  });

  it('do not block the parcel', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId));
    const interventionId = await stage.opened(orderId, 'commitStock');
    await stage.activities.captureOrder(stage.note(orderId));
    await stage.activities.deliverOrder(stage.note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'captured', 'delivered']);
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('store text that PostgreSQL does not accept', async () => {
    const orderId = await stage.placed();
    const text = 'a\0b\ud83d';
    const [entry] = stage.note(orderId, 'cancel').entries;
    const request = { ...opening(orderId), reason: text, entries: [{ ...entry!, detail: text }] };
    await stage.activities.openIntervention(request);
    await stage.activities.closeIntervention({
      ...stage.note(orderId),
      interventionId: request.interventionId,
      action: 'retry',
      note: text,
      resolvedBy: 'admin',
    });
    const rejection = { code: 'CardDeclined' as const, detail: text };
    const notStarted = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
    await stage.activities.rejectOrder({ ...stage.note(orderId), ...notStarted, rejection });
    const { reason, note } = await get(request.interventionId);
    const [stored] = (await stage.requests.getHistory({ orderId })).items;
    const order = await stage.requests.getOrder({ orderId });
    for (const kept of [reason, note, stored!.detail, order.rejection!.detail]) assert.equal(kept, 'a\ufffdb\ufffd');
  });
});
