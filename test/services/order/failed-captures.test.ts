import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { failedCaptureWorkflowId } from '../../../workflows/failed-capture/messages.ts';
import { TOTAL, failedCapturesStage } from './failed-captures-stage.ts';
import { kettle, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: captures that were taken back', () => {
  const stage = failedCapturesStage();
  const { takeBack, end, goodwill } = stage;
  const capturedOf = async (orderId: string) => (await stage.requests.getOrder({ orderId })).captured?.amountMinor;

  it('do not count as captured, once, and leave nothing to refund', async () => {
    const orderId = await stage.delivered();
    const captureId = randomUUID();
    for (const _again of [1, 2]) assert.deepEqual(await takeBack(orderId, { captureId }), { taken: true });
    assert.equal(await capturedOf(orderId), 0);
    await assert.rejects(goodwill(orderId, 1), refusedAs('RefundTooLarge'));
    // The same event, long after: another workflow takes it up.
    assert.deepEqual(await takeBack(orderId), { taken: false });
    assert.equal(await capturedOf(orderId), 0);
  });

  for (const outcome of ['recaptured', 'collected_manually'] as const) {
    it(`count as captured again once they are ${outcome}, once`, async () => {
      const orderId = await stage.delivered();
      const captureId = randomUUID();
      await takeBack(orderId, { captureId });
      const id = await stage.opened(orderId, 'recapturePayment', failedCaptureWorkflowId(orderId));
      await stage.closed(orderId, id, 'retry');
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'delivered']);
      for (const _again of [1, 2]) await end(orderId, captureId, outcome);
      assert.equal(await capturedOf(orderId), TOTAL);
      assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
      await goodwill(orderId, TOTAL);
    });
  }

  it('are written off: the payment stays marked', async () => {
    const orderId = await stage.delivered();
    const captureId = randomUUID();
    await takeBack(orderId, { captureId });
    const id = await stage.opened(orderId, 'recapturePayment', failedCaptureWorkflowId(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'requires_action', 'delivered']);
    await stage.closed(orderId, id, 'skip');
    await end(orderId, captureId, 'not_collected');
    assert.equal(await capturedOf(orderId), 0);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'requires_action', 'delivered']);
  });

  it('may fail again, as another one', async () => {
    const orderId = await stage.delivered();
    const [first, second] = [randomUUID(), randomUUID()];
    await takeBack(orderId, { captureId: first });
    await assert.rejects(takeBack(orderId, { parcelId: first }), /is being recorded/);
    await end(orderId, first, 'recaptured');
    assert.deepEqual(await takeBack(orderId, { parcelId: first, captureId: second }), { taken: true });
    assert.equal(await capturedOf(orderId), 0);
    await end(orderId, second, 'collected_manually');
    assert.equal(await capturedOf(orderId), TOTAL);
    assert.deepEqual(await takeBack(orderId, { parcelId: second }), { taken: false });
  });

  it('are not taken back while they are being recorded, and not if a person has taken the money over', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId, 'dispatch'));
    await assert.rejects(takeBack(orderId), /is being recorded/);
    const id = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, id, 'skip');
    assert.deepEqual(await takeBack(orderId), { taken: false });
    assert.equal(await capturedOf(orderId), 0);
  });

  it('are taken back although a person has taken the money of another parcel over', async () => {
    const orderId = await stage.confirmed();
    const [one, other] = (await stage.split(orderId, [[teapots(3)], [kettle]])) as [string, string];
    const id = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, id, 'skip');
    await stage.send(orderId, one, 0);
    assert.deepEqual(await takeBack(orderId, { parcelId: one, amountMinor: 3000 }), { taken: false });
    const ofOther = { parcelId: other, captureId: randomUUID(), amountMinor: 2500 };
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: other });
    await assert.rejects(takeBack(orderId, ofOther), /is being recorded/);
    await stage.send(orderId, other, 2500);
    assert.deepEqual(await takeBack(orderId, ofOther), { taken: true });
    // It fails again before the order knows that it was captured again.
    const again = { ...ofOther, parcelId: ofOther.captureId, captureId: randomUUID() };
    await assert.rejects(takeBack(orderId, again), /is being recorded/);
    await end(orderId, ofOther.captureId, 'recaptured');
    assert.deepEqual(await takeBack(orderId, again), { taken: true });
  });

  it('are not taken back of a lost parcel, all there is to pay for, whose money a person has taken over', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(stage.note(orderId));
    const id = await stage.opened(orderId, 'capturePayment');
    await stage.closed(orderId, id, 'skip');
    await stage.trouble(orderId, orderId, 'lost');
    assert.deepEqual(await takeBack(orderId), { taken: false });
  });

  it('of one parcel are not captured with the others', async () => {
    const orderId = await stage.confirmed();
    const [one, other] = (await stage.split(orderId, [[teapots(3)], [kettle]])) as [string, string];
    const note = stage.note(orderId);
    await stage.activities.dispatchOrder({ ...note, parcelId: one });
    await stage.activities.captureOrder({ ...note, parcelId: one, captured: pounds(3000) });
    assert.deepEqual(await takeBack(orderId, { parcelId: one, amountMinor: 3000 }), { taken: true });
    assert.deepEqual(await stage.activities.dispatchOrder({ ...note, parcelId: other }), {
      amount: pounds(2500),
      outstanding: pounds(2500),
    });
    await stage.activities.captureOrder({ ...note, parcelId: other, captured: pounds(2500) });
    assert.equal(await capturedOf(orderId), 2500);
    assert.deepEqual((await stage.activities.getOutstanding(note)).outstanding, pounds(0));
  });

  it('are paid back to returns that came meanwhile, once they are collected', async () => {
    const orderId = await stage.delivered();
    const captureId = randomUUID();
    await takeBack(orderId, { captureId });
    const stored = await stage.sendBack(orderId, { lines: [teapots(1)] });
    assert.deepEqual(await stage.receive(stored), { refund: pounds(0) });
    await stage.refund(stored);
    await end(orderId, captureId, 'recaptured');
    const { items } = await stage.requests.listRefunds({ orderId });
    assert.deepEqual(
      items.map(({ status, amount }) => [status, amount.amountMinor]),
      [['requested', 1000]],
    );
  });
});
