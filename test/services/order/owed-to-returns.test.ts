import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { failedCapturesStage } from './failed-captures-stage.ts';
import { kettle, pounds, teapots } from './test-order-service.ts';

describe('order service: what is owed to returns of captures that were taken back', () => {
  const stage = failedCapturesStage();
  const { takeBack, end, giveUp, refunds, oneTakenBack } = stage;

  it('goods that come back are not paid with what others cost that the customer keeps', async () => {
    for (const [outcome, paid] of [
      ['recaptured', [['requested_by_customer', 2500, null]]],
      ['not_collected', []],
    ] as const) {
      const { orderId, captureId, first, second } = await oneTakenBack();
      for (const parcelId of [first, second]) await stage.deliver(orderId, parcelId);
      const stored = await stage.sendBack(orderId, { lines: [kettle] });
      assert.deepEqual(await stage.receive(stored), { refund: pounds(0) });
      await stage.refund(stored);
      await end(orderId, captureId, outcome);
      assert.deepEqual(await refunds(orderId), paid);
    }
  });

  it('goods that are not paid for are paid back once they are collected; those of others once all have come back', async () => {
    const { orderId, captureId, first, second } = await oneTakenBack();
    for (const parcelId of [first, second]) await stage.deliver(orderId, parcelId);
    const paid = [];
    for (const lines of [[teapots(2)], [teapots(1)], [kettle]]) {
      const stored = await stage.sendBack(orderId, { lines });
      paid.push((await stage.receive(stored)).refund.amountMinor);
      await stage.refund(stored);
    }
    assert.deepEqual(paid, [0, 0, 2500]);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['requested_by_customer', 3000, null]]);
  });

  it('goods that come back are paid back although a parcel that staff gave up is not collected', async () => {
    const { orderId, first, second } = await oneTakenBack();
    await giveUp(orderId, first);
    await stage.deliver(orderId, second);
    assert.deepEqual(await stage.receive(await stage.sendBack(orderId, { lines: [kettle] })), { refund: pounds(2500) });
  });

  it('goods that came back are not paid with what was collected for others', async () => {
    const { orderId, captureId, first, second } = await oneTakenBack();
    const ofSecond = randomUUID();
    await takeBack(orderId, { parcelId: second, captureId: ofSecond, amountMinor: 2500 });
    for (const parcelId of [first, second]) await stage.deliver(orderId, parcelId);
    const stored = await stage.sendBack(orderId, { lines: [kettle] });
    await stage.receive(stored);
    await stage.refund(stored);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), []);
    await end(orderId, ofSecond, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['requested_by_customer', 2500, null]]);
  });
});
