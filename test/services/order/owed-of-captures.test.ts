import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TOTAL, failedCapturesStage } from './failed-captures-stage.ts';
import { kettle, refusedAs, teapots } from './test-order-service.ts';

describe('order service: what is owed of captures that were taken back', () => {
  const stage = failedCapturesStage();
  const { takeBack, end, goodwill, send, giveUp, refunds } = stage;

  /** The processor captures all of it with the first parcel, three teapots, and takes that back. A kettle is in the second. */
  async function takenBackAtOnce(): Promise<{ orderId: string; captureId: string; first: string; second: string }> {
    const orderId = await stage.confirmed();
    const [first, second] = (await stage.split(orderId, [[teapots(3)], [kettle]])) as [string, string];
    await send(orderId, first, TOTAL);
    const captureId = randomUUID();
    await takeBack(orderId, { parcelId: first, captureId });
    return { orderId, captureId, first, second };
  }

  it('pieces that were canceled are paid back once it is collected, once', async () => {
    for (const outcome of ['recaptured', 'collected_manually'] as const) {
      const { orderId, captureId, second } = await takenBackAtOnce();
      await stage.activities.replaceParcels({
        ...stage.note(orderId),
        replaced: [second],
        parcels: [],
        canceledLines: [kettle],
      });
      assert.deepEqual(await refunds(orderId), []);
      for (const _again of [1, 2]) await end(orderId, captureId, outcome);
      assert.deepEqual(await refunds(orderId), [['canceled', 2500, null]]);
    }
  });

  it('nothing is paid back of what is written off', async () => {
    const { orderId, captureId, first, second } = await takenBackAtOnce();
    const canceled = { replaced: [second], parcels: [], canceledLines: [kettle] };
    await stage.activities.replaceParcels({ ...stage.note(orderId), ...canceled });
    await giveUp(orderId, first);
    await end(orderId, captureId, 'not_collected');
    assert.deepEqual(await refunds(orderId), []);
  });

  it('parcels that staff gave up are paid back once it is collected, once', async () => {
    const { orderId, captureId, first, second } = await takenBackAtOnce();
    await send(orderId, second, 0);
    await giveUp(orderId, second);
    await giveUp(orderId, first);
    assert.deepEqual(await refunds(orderId), []);
    for (const _again of [1, 2]) await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', TOTAL, [teapots(3), kettle]]]);
    await assert.rejects(goodwill(orderId, 1), refusedAs('RefundTooLarge'));
  });

  it('an order in one parcel that was lost is paid back once it is collected', async () => {
    const orderId = await stage.captured();
    const captureId = randomUUID();
    await takeBack(orderId, { captureId });
    await giveUp(orderId, orderId);
    assert.deepEqual(await refunds(orderId), []);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', TOTAL, [teapots(3), kettle]]]);
  });

  it('pieces that were paid back before are not paid back again', async () => {
    const orderId = await stage.captured();
    const part = { lines: [teapots(1)] };
    const refundId = randomUUID();
    await stage.requests.draftRefund({ refundId, orderId, part, reason: 'goodwill', requestedBy: 'ada' });
    await stage.activities.endRefund({ ...stage.note(orderId), refundId, outcome: 'refunded' });
    const captureId = randomUUID();
    await takeBack(orderId, { captureId });
    await giveUp(orderId, orderId);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [
      ['not_delivered', 4500, [teapots(2), kettle]],
      ['goodwill', 1000, [teapots(1)]],
    ]);
  });

  it('parcels that were paid back before it was taken back are not paid back again', async () => {
    const { orderId, first } = await stage.sent();
    await giveUp(orderId, first);
    const captureId = randomUUID();
    await takeBack(orderId, { parcelId: first, captureId, amountMinor: 3000 });
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]]]);
  });
});
