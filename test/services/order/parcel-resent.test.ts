import assert from 'node:assert/strict';
import { sentParcelsStage } from './sent-parcels-stage.ts';
import { everything, newParcel, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: parcels that are sent again', () => {
  const stage = sentParcelsStage();
  const { note, trouble, resolve, deliver, refunds, sent } = stage;
  const read = (orderId: string) => stage.requests.getOrder({ orderId });

  it('are sent again without being charged again', async () => {
    const { orderId, first, second } = await sent();
    await trouble(orderId, first, 'lost');
    const resentAs = newParcel([teapots(3)]);
    for (const _again of [1, 2]) assert.deepEqual(await resolve(orderId, first, { action: 'resend', resentAs }), {});
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'partially_shipped']);
    const { parcelId } = resentAs;
    const due = await stage.activities.dispatchOrder({ ...note(orderId), parcelId });
    assert.deepEqual(due, { amount: pounds(0), outstanding: pounds(0) });
    await stage.activities.captureOrder({ ...note(orderId), parcelId, captured: pounds(0) });
    await deliver(orderId, second);
    const { returnableUntil } = await deliver(orderId, parcelId);
    assert.ok(returnableUntil);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    assert.deepEqual((await read(orderId)).captured, pounds(5500));
    await stage.sendBack(orderId, { lines: everything });
    await assert.rejects(stage.sendBack(orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
  });

  it('are refunded if what was sent again is lost too, and not if its pieces are canceled and refunded before', async () => {
    const lost = await sent();
    await trouble(lost.orderId, lost.first, 'lost');
    const resentAs = newParcel([teapots(3)]);
    await resolve(lost.orderId, lost.first, { action: 'resend', resentAs });
    await stage.activities.dispatchOrder({ ...note(lost.orderId), parcelId: resentAs.parcelId });
    await trouble(lost.orderId, resentAs.parcelId, 'lost');
    await resolve(lost.orderId, resentAs.parcelId, { action: 'refund' });
    assert.deepEqual(await refunds(lost.orderId), [['not_delivered', 3000, [teapots(3)]]]);

    const canceled = await sent();
    await trouble(canceled.orderId, canceled.first, 'lost');
    const again = newParcel([teapots(3)]);
    await resolve(canceled.orderId, canceled.first, { action: 'resend', resentAs: again });
    await stage.split(canceled.orderId, [[teapots(1)]], { canceledLines: [teapots(2)] });
    assert.deepEqual(await refunds(canceled.orderId), [['canceled', 2000, null]]);
    const { parcels } = await read(canceled.orderId);
    const { id: parcelId } = parcels!.at(-1)!;
    const due = await stage.activities.dispatchOrder({ ...note(canceled.orderId), parcelId });
    assert.deepEqual(due, { amount: pounds(0), outstanding: pounds(0) });
  });

  it('are sent again with all that was in them', async () => {
    const { orderId, first } = await sent();
    await trouble(orderId, first, 'lost');
    const less = resolve(orderId, first, { action: 'resend', resentAs: newParcel([teapots(2)]) });
    await assert.rejects(less, /all that is sent again/);
    await assert.rejects(resolve(orderId, first, { action: 'resend' }), /not given/);
  });
});
