import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ReplaceParcels } from '../../../activities/parcel.ts';
import { draft, everything, kettle, newParcel, orderStage, pounds, teapots } from './test-order-service.ts';

describe('order service: parcels that are replaced', () => {
  const stage = orderStage();
  const read = (orderId: string) => stage.requests.getOrder({ orderId });
  const replace = (orderId: string, request: Pick<ReplaceParcels, 'replaced' | 'parcels'> & Partial<ReplaceParcels>) =>
    stage.activities.replaceParcels({ ...stage.note(orderId), ...request });
  const refunds = async (orderId: string) =>
    (await stage.requests.listRefunds({ orderId })).items.map(({ reason, amount, requestedBy }) => [
      reason,
      amount.amountMinor,
      requestedBy,
    ]);
  const dataOf = async (orderId: string, type: string) => {
    const query = stage.database.db.selectFrom('outbox').select('data').where('subject', '=', orderId);
    return (await query.where('type', '=', type).executeTakeFirstOrThrow()).data;
  };
  const outstanding = async (orderId: string) =>
    (await stage.activities.getOutstanding(stage.note(orderId))).outstanding.amountMinor;
  const send = async (orderId: string, parcelId: string, captured?: number) => {
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId });
    const all = captured === undefined ? {} : { captured: pounds(captured) };
    await stage.activities.captureOrder({ ...stage.note(orderId), parcelId, ...all });
  };

  it('are canceled once, and others take their place', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = [newParcel([teapots(3)]), newParcel([kettle])];
    const request = { replaced: [orderId], parcels: [first, second] };
    await replace(orderId, request);
    const after = await read(orderId);
    await replace(orderId, request);
    assert.deepEqual(await read(orderId), after, 'a repeat changes nothing');
    assert.equal((await stage.events(orderId)).filter((type) => type === 'order.changed').length, 1);
    assert.equal(after.trackingNumber, first.trackingNumber);
    assert.deepEqual(
      after.parcels!.map(({ id, status, lines, trackingNumber }) => ({ id, status, lines, trackingNumber })),
      [first, second].map(({ parcelId, lines, trackingNumber }) => ({
        id: parcelId,
        status: 'booked',
        lines,
        trackingNumber,
      })),
    );
  });

  it('are replaced by the same ones however many workers do it at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const orderId = await stage.confirmed();
      const request = { replaced: [orderId], parcels: [newParcel([teapots(3)])], canceledLines: [kettle] };
      await Promise.all([1, 2, 3].map(() => replace(orderId, request)));
      const { parcels, canceledLines } = await read(orderId);
      assert.deepEqual([parcels!.length, canceledLines], [1, [kettle]]);
      assert.equal(await outstanding(orderId), 3000);
    }
  });

  it('go to another address, while a repeat of the request that placed the order still finds it', async () => {
    const request = draft();
    const orderId = await stage.confirmed(request);
    const shippingAddress = { ...request.shippingAddress, line1: '2 High St', city: 'Leeds' };
    await stage.split(orderId, [everything], { shippingAddress });
    const other = { ...shippingAddress, line1: '3 High St' };
    await stage.split(orderId, [everything], { shippingAddress: other });
    const order = await read(orderId);
    assert.deepEqual(order.shippingAddress, other);
    assert.partialDeepStrictEqual(await dataOf(orderId, 'order.changed'), { shippingAddress });
    assert.deepEqual(await stage.requests.placeOrder(request), { order, created: false });
    await assert.rejects(stage.requests.placeOrder({ ...request, shippingAddress: other }), { code: 'OrderDiffers' });
  });

  it('wait without a tracking number until they are booked again', async () => {
    const orderId = await stage.confirmed();
    const waiting = newParcel(everything, { trackingNumber: null });
    await replace(orderId, { replaced: [orderId], parcels: [waiting] });
    const { parcels, trackingNumber, waitsFor } = await read(orderId);
    assert.deepEqual([parcels![0]!.status, trackingNumber, waitsFor], ['waiting', null, { what: 'dispatch' }]);
    assert.deepEqual((await stage.statuses(orderId))[2], 'not_fulfilled');
    const early = await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: waiting.parcelId });
    assert.deepEqual((await stage.statuses(orderId))[2], 'not_fulfilled', 'what waits does not leave');
    assert.deepEqual(early, {});
    await stage.split(orderId, [everything]);
    assert.deepEqual((await stage.statuses(orderId))[2], 'booked');
  });

  it('without some pieces leave these out of what is charged', async () => {
    const orderId = await stage.confirmed();
    await stage.split(orderId, [[teapots(1)], [kettle]], { canceledLines: [teapots(2)] });
    assert.deepEqual((await read(orderId)).canceledLines, [teapots(2)]);
    assert.partialDeepStrictEqual(await dataOf(orderId, 'order.changed'), { canceledLines: [teapots(2)] });
    const [only] = await stage.split(orderId, [[kettle]], { canceledLines: [teapots(1)] });
    assert.deepEqual((await read(orderId)).canceledLines, [teapots(3)]);
    const due = await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: only! });
    assert.deepEqual(due, { amount: pounds(2500), outstanding: pounds(2500) });
    await stage.activities.captureOrder({ ...stage.note(orderId), parcelId: only!, captured: pounds(2500) });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    assert.deepEqual(await refunds(orderId), []);
    assert.partialDeepStrictEqual(await dataOf(orderId, 'order.shipped'), { parcelId: only, lines: [kettle] });
  });

  it('refund what was captured for pieces that are not sent after all, once', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await send(orderId, first!, 5500);
    const request = { replaced: [second!], parcels: [], canceledLines: [kettle] };
    for (const _again of [1, 2]) await replace(orderId, request);
    assert.deepEqual(await refunds(orderId), [['canceled', 2500, 'order service']]);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    assert.equal(await outstanding(orderId), 0);
    const { id: refundId } = (await stage.requests.listRefunds({ orderId })).items[0]!;
    await stage.activities.endRefund({ ...stage.note(orderId), refundId, outcome: 'refunded' });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_refunded', 'shipped']);
  });

  it('refund what is captured only after the pieces were canceled', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId: first! });
    await replace(orderId, { replaced: [second!], parcels: [], canceledLines: [kettle] });
    assert.deepEqual(await refunds(orderId), []);
    const captured = { ...stage.note(orderId), parcelId: first!, captured: pounds(5500) };
    for (const _again of [1, 2]) await stage.activities.captureOrder(captured);
    assert.deepEqual(await refunds(orderId), [['canceled', 2500, 'order service']]);
  });

  it('refund no more than is left of what was captured', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await send(orderId, first!, 5500);
    const part = { amount: pounds(4000) };
    await stage.requests.draftRefund({
      refundId: randomUUID(),
      orderId,
      part,
      reason: 'goodwill',
      requestedBy: 'ada',
    });
    await replace(orderId, { replaced: [second!], parcels: [], canceledLines: [kettle] });
    assert.deepEqual(await refunds(orderId), [
      ['canceled', 1500, 'order service'],
      ['goodwill', 4000, 'ada'],
    ]);
  });

  it('open the return window where the canceled pieces were the last on their way', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await send(orderId, first!, 3000);
    assert.deepEqual(await stage.activities.deliverOrder({ ...stage.note(orderId), parcelId: first! }), {});
    await replace(orderId, { replaced: [second!], parcels: [], canceledLines: [kettle] });
    const { returnableUntil } = await read(orderId);
    assert.ok(returnableUntil !== null);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    const repeat = await stage.activities.deliverOrder({ ...stage.note(orderId), parcelId: first! });
    assert.deepEqual(repeat, { returnableUntil });
  });

  it('must contain all that they replace, and not have left', async () => {
    const orderId = await stage.confirmed();
    const wrong = [
      { replaced: [orderId], parcels: [newParcel([teapots(3)])] },
      { replaced: [orderId], parcels: [newParcel(everything), newParcel([kettle])] },
      { replaced: [orderId], parcels: [newParcel(everything)], canceledLines: [kettle] },
      { replaced: [randomUUID()], parcels: [newParcel(everything)] },
    ];
    for (const request of wrong) await assert.rejects(replace(orderId, request), /parcel/);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    await stage.activities.dispatchOrder(stage.note(orderId));
    const late = replace(orderId, { replaced: [orderId], parcels: [newParcel(everything)] });
    await assert.rejects(late, /dispatched: it cannot be replaced/);
    assert.equal((await read(orderId)).parcels![0]!.status, 'dispatched');
  });

  it('are in the books of the order that its version before would not understand only from then on', async () => {
    const orderId = await stage.confirmed();
    const row = () =>
      stage.database.db
        .selectFrom('orders')
        .select(['in_parcels', 'captured_minor', 'canceled_minor'])
        .where('id', '=', orderId)
        .executeTakeFirstOrThrow();
    assert.deepEqual(await row(), { in_parcels: false, captured_minor: null, canceled_minor: 0 });
    await stage.split(orderId, [[teapots(3)]], { canceledLines: [kettle] });
    assert.deepEqual(await row(), { in_parcels: true, captured_minor: 0, canceled_minor: 2500 });
  });
});
