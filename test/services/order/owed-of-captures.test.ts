import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TOTAL, failedCapturesStage } from './failed-captures-stage.ts';
import { kettle, newParcel, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: what is owed of captures that were taken back', () => {
  const stage = failedCapturesStage();
  const { takeBack, end, goodwill, send, giveUp, refunds, oneTakenBack } = stage;

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

  const KETTLE_PAID = [['not_delivered', 2500, [kettle]]];

  it('a parcel is not paid back with the money of another', async () => {
    const { orderId, captureId, first, second } = await oneTakenBack();
    await giveUp(orderId, first);
    assert.deepEqual(await refunds(orderId), []);
    await end(orderId, captureId, 'not_collected');
    assert.deepEqual(await refunds(orderId), []);
    // The other one is paid for.
    await giveUp(orderId, second);
    assert.deepEqual(await refunds(orderId), KETTLE_PAID);
  });

  it('a parcel is paid back although the capture of another has failed', async () => {
    const { orderId, captureId, first, second } = await oneTakenBack();
    await giveUp(orderId, second);
    await giveUp(orderId, first);
    assert.deepEqual(await refunds(orderId), KETTLE_PAID);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]], ...KETTLE_PAID]);
  });

  it('a parcel that is paid back in part, because of another one, is paid back in full once that is collected', async () => {
    const { orderId, first, second } = await stage.sent();
    await goodwill(orderId, 2000);
    const captureId = randomUUID();
    await takeBack(orderId, { parcelId: second, captureId, amountMinor: 2500 });
    await giveUp(orderId, first);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual((await refunds(orderId)).slice(0, 2), [
      ['not_delivered', 2000, [teapots(3)]],
      ['not_delivered', 1000, null],
    ]);
  });

  it('a parcel whose capture failed again is not paid back until it is collected', async () => {
    const { orderId, captureId, first } = await oneTakenBack();
    await end(orderId, captureId, 'recaptured');
    const again = randomUUID();
    await takeBack(orderId, { parcelId: captureId, captureId: again, amountMinor: 3000 });
    await giveUp(orderId, first);
    assert.deepEqual(await refunds(orderId), []);
    await end(orderId, again, 'collected_manually');
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]]]);
  });

  it('a parcel that takes the place of one whose capture failed is not paid back until it is collected', async () => {
    const { orderId, captureId, first, second } = await oneTakenBack();
    const resentAs = newParcel([teapots(3)]);
    await stage.trouble(orderId, first, 'lost');
    await stage.resolve(orderId, first, { action: 'resend', resentAs });
    await send(orderId, resentAs.parcelId, 0);
    await giveUp(orderId, resentAs.parcelId);
    assert.deepEqual(await refunds(orderId), []);
    await giveUp(orderId, second);
    assert.deepEqual(await refunds(orderId), KETTLE_PAID);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]], ...KETTLE_PAID]);
  });

  it('a parcel that takes the place of one is paid back although the capture of another has failed', async () => {
    const { orderId, captureId, second } = await oneTakenBack();
    const resentAs = newParcel([kettle]);
    await stage.trouble(orderId, second, 'lost');
    await stage.resolve(orderId, second, { action: 'resend', resentAs });
    await send(orderId, resentAs.parcelId, 0);
    await end(orderId, captureId, 'not_collected');
    await giveUp(orderId, resentAs.parcelId);
    assert.deepEqual(await refunds(orderId), KETTLE_PAID);
  });

  it('a parcel is not paid back again because its refund failed in part', async () => {
    const { orderId, first, second } = await stage.sent();
    await giveUp(orderId, first);
    const [paid] = (await stage.requests.listRefunds({ orderId })).items;
    const refundId = paid!.id;
    await stage.activities.endRefund({ ...stage.note(orderId), refundId, outcome: 'refunded' });
    const replacement = { refundId, replacementId: randomUUID(), amount: pounds(1000) };
    await stage.activities.takeBackRefund({ ...stage.note(orderId), ...replacement });
    const captureId = randomUUID();
    await takeBack(orderId, { parcelId: second, captureId, amountMinor: 2500 });
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [
      ['not_delivered', 1000, null],
      ['not_delivered', 3000, [teapots(3)]],
    ]);
  });

  it('a parcel is not paid back with money that was captured for parcels that have not left', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(1)], [teapots(2)], [kettle]]);
    await send(orderId, first!, 1000);
    await send(orderId, second!, 4500);
    const captureId = randomUUID();
    await takeBack(orderId, { parcelId: first!, captureId, amountMinor: 1000 });
    await giveUp(orderId, first!);
    assert.deepEqual(await refunds(orderId), []);
    await end(orderId, captureId, 'recaptured');
    assert.deepEqual(await refunds(orderId), [['not_delivered', 1000, [teapots(1)]]]);
  });

  it('only the parcels that are collected are paid back', async () => {
    const orderId = await stage.confirmed();
    const contents = [[teapots(1)], [teapots(1)], [teapots(1), kettle]];
    const parcels = await stage.split(orderId, contents);
    const captureIds = parcels.map(() => randomUUID());
    for (const [at, parcelId] of parcels.entries()) {
      const amountMinor = at === 2 ? 3500 : 1000;
      await send(orderId, parcelId, amountMinor);
      // The first is paid, and paid back.
      if (at === 0) await giveUp(orderId, parcelId);
      else await takeBack(orderId, { parcelId, captureId: captureIds[at]!, amountMinor });
      if (at === 1) await giveUp(orderId, parcelId);
    }
    const paid = ['not_delivered', 1000, [teapots(1)]];
    assert.deepEqual(await refunds(orderId), [paid]);
    await end(orderId, captureIds[2]!, 'recaptured');
    assert.deepEqual(await refunds(orderId), [paid]);
    await end(orderId, captureIds[1]!, 'recaptured');
    assert.deepEqual(await refunds(orderId), [paid, paid]);
  });
});
