import assert from 'node:assert/strict';
import { inventoryActivities } from '../../../activities/inventory.ts';
import { Lane } from '../../../activities/lane.ts';
import { orderActivities } from '../../../activities/order-bookkeeping.ts';
import { paymentActivities } from '../../../activities/payment.ts';
import { shippingActivities } from '../../../activities/shipping.ts';
import { createOrderRequests, decidedAmong } from '../../../services/order/requests.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { draft, orderStage } from './test-order-service.ts';

describe('order service: lanes', () => {
  const stage = orderStage();
  const history = async (orderId: string) =>
    (await stage.requests.getHistory({ orderId })).items.map(({ step, outcome }) => `${step} ${outcome}`);
  const confirm = (orderId: string, despiteWithheld = false) =>
    stage.activities.confirmOrder({ ...stage.note(orderId, 'confirm'), trackingNumber: 'SB-7', despiteWithheld });

  it('says with each draft how its workflow is started, in the configured lane', async () => {
    for (const lane of Lane.options) {
      const { db } = stage.database;
      const requests = createOrderRequests(db, { waiting: new OrderWatcher(decidedAmong(db)), lane });
      const request = draft({ fromCart: true });
      const { lines, ...rest } = request;
      const input = { ...rest, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) };
      const { start } = await requests.placeOrder(request);
      assert.deepEqual(start, { input, lane });
      assert.deepEqual(await requests.getOrderStart({ orderId: request.orderId }), { start });
    }
  });

  it('distinguishes the first recording of an order from repeats', async () => {
    const { order } = await stage.requests.placeOrder(draft());
    const recordings = Array.from({ length: 4 }, () => stage.activities.recordOrder(stage.note(order.id)));
    const results = await Promise.all(recordings);
    assert.equal(results.filter(({ again }) => !again).length, 1);
    assert.deepEqual(await stage.activities.recordOrder(stage.note(order.id)), { again: true });
  });

  it('does not confirm an order that is fenced, and adds nothing to its history', async () => {
    const orderId = await stage.placed();
    assert.deepEqual(await stage.activities.withholdOrder(stage.note(orderId, 'cancel')), { confirmed: false });
    assert.deepEqual(await stage.activities.withholdOrder(stage.note(orderId)), { confirmed: false });
    await confirm(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'not_paid', 'not_fulfilled']);
    assert.deepEqual(await stage.events(orderId), ['order.placed']);
    assert.deepEqual(await history(orderId), ['cancel succeeded']);
  });

  it('lets the saga that fenced an order confirm it after all', async () => {
    const orderId = await stage.placed();
    await stage.activities.withholdOrder(stage.note(orderId));
    await confirm(orderId, true);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    assert.deepEqual(await history(orderId), ['confirm succeeded']);
  });

  it('does not fence a confirmed order, and says so', async () => {
    const orderId = await stage.confirmed();
    assert.deepEqual(await stage.activities.withholdOrder(stage.note(orderId)), { confirmed: true });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
  });

  it('either fences or confirms an order when both are requested at once', async () => {
    for (const orderId of await Promise.all(Array.from({ length: 8 }, () => stage.placed()))) {
      const [{ confirmed }] = await Promise.all([
        stage.activities.withholdOrder(stage.note(orderId)),
        confirm(orderId),
      ]);
      const [status] = await stage.statuses(orderId);
      assert.equal(status, confirmed ? 'confirmed' : 'pending');
      assert.deepEqual(await history(orderId), confirmed ? ['confirm succeeded'] : []);
    }
  });

  it('keeps the history of a lost attempt and adds that of the next one, without duplicates', async () => {
    const orderId = await stage.placed();
    const noteSteps = (
      ...steps: [number, 'record' | 'cancel' | 'reserveStock', 'started' | 'succeeded' | 'failed'][]
    ) =>
      stage.activities.noteSteps({
        orderId,
        workflowId: `order-${orderId}`,
        entries: steps.map(([sequence, step, outcome]) => ({ sequence, step, outcome, at: new Date().toISOString() })),
      });
    await noteSteps([1, 'record', 'succeeded'], [1, 'reserveStock', 'started'], [1, 'reserveStock', 'succeeded']);
    await noteSteps(
      [1, 'cancel', 'started'],
      [1, 'record', 'succeeded'],
      [1, 'reserveStock', 'started'],
      [1, 'reserveStock', 'failed'],
    );
    assert.deepEqual(await history(orderId), [
      'record succeeded',
      'reserveStock started',
      'reserveStock succeeded',
      'cancel started',
      'reserveStock failed',
    ]);
  });

  it('has no bookkeeping activity with the name of a step: one worker runs both', () => {
    const steps = Object.keys({ ...inventoryActivities, ...paymentActivities, ...shippingActivities });
    assert.deepEqual(
      steps.filter((name) => name in orderActivities),
      [],
    );
  });
});
