import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sentParcelsStage } from './sent-parcels-stage.ts';
import { everything, kettle, newParcel, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: parcels that do not arrive as they should', () => {
  const stage = sentParcelsStage();
  const { note, trouble, resolve, deliver, refunds, sent } = stage;
  const read = (orderId: string) => stage.requests.getOrder({ orderId });
  const troublesOf = async (orderId: string) =>
    (await stage.events(orderId)).filter((type) => type.startsWith('order.parcel'));
  const outstanding = async (orderId: string) =>
    (await stage.activities.getOutstanding(note(orderId))).outstanding.amountMinor;

  it('are told of once each, of an order in one parcel too', async () => {
    const orderId = await stage.placed();
    const promisedBy = new Date(Date.now() - 1000).toISOString();
    await stage.activities.confirmOrder({ ...note(orderId), trackingNumber: 'SB-4', promisedBy });
    await stage.activities.dispatchOrder(note(orderId));
    const statuses = [];
    for (const what of ['late', 'delayed', 'lost', 'returned_to_sender'] as const) {
      for (const _again of [1, 2]) await trouble(orderId, orderId, what);
      const { parcels, fulfillmentStatus } = await read(orderId);
      statuses.push([parcels![0]!.status, fulfillmentStatus]);
    }
    assert.deepEqual(statuses, [
      ['dispatched', 'shipped'],
      ['delayed', 'shipped'],
      ['lost', 'lost'],
      ['returned_to_sender', 'returned_to_sender'],
    ]);
    assert.deepEqual(await troublesOf(orderId), [
      'order.parcel_late',
      'order.parcel_delayed',
      'order.parcel_lost',
      'order.parcel_returned_to_sender',
    ]);
    const { data } = await stage.database.db
      .selectFrom('outbox')
      .select('data')
      .where('subject', '=', orderId)
      .where('type', '=', 'order.parcel_late')
      .executeTakeFirstOrThrow();
    assert.partialDeepStrictEqual(data, { parcelId: orderId, trackingNumber: 'SB-4', promisedBy });
  });

  it('may be captured and delivered all the same', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.dispatchOrder(note(orderId));
    await trouble(orderId, orderId, 'delayed');
    for (const _again of [1, 2]) await stage.activities.captureOrder(note(orderId));
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    const { returnableUntil } = await deliver(orderId, orderId);
    assert.ok(returnableUntil);
    assert.deepEqual((await read(orderId)).captured, pounds(5500));
    await trouble(orderId, orderId, 'lost');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
  });

  it('keep what was captured and refunded before', async () => {
    const orderId = await stage.captured();
    const part = { amount: pounds(500) };
    const refundId = randomUUID();
    await stage.requests.draftRefund({ refundId, orderId, part, reason: 'goodwill', requestedBy: 'ada' });
    await stage.activities.endRefund({ ...note(orderId), refundId, outcome: 'refunded' });
    await trouble(orderId, orderId, 'lost');
    const { captured, refunded, paymentStatus } = await read(orderId);
    assert.deepEqual([captured, refunded, paymentStatus], [pounds(5500), pounds(500), 'partially_refunded']);
  });

  it('are refunded by their lines, and the window opens for what arrived', async () => {
    const { orderId, first, second } = await sent();
    await trouble(orderId, first, 'lost');
    assert.deepEqual(await deliver(orderId, second), {});
    assert.deepEqual((await stage.statuses(orderId))[2], 'lost');
    const { returnableUntil } = await resolve(orderId, first, { action: 'refund' });
    assert.ok(returnableUntil);
    assert.deepEqual(await resolve(orderId, first, { action: 'refund' }), { returnableUntil });
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]]]);
    assert.deepEqual((await stage.statuses(orderId))[2], 'delivered');
    await assert.rejects(stage.sendBack(orderId, { lines: [teapots(1)] }), refusedAs('TooMany'));
    const stored = await stage.sendBack(orderId, { lines: [kettle] });
    await stage.receive(stored);
    assert.deepEqual((await stage.statuses(orderId))[2], 'returned', 'all that it has got');
    const { decided } = await stage.requests.getParcel({ parcelId: first });
    assert.deepEqual(decided, { action: 'refund', note: 'asked the carrier', by: 'ada' });
  });

  it('are refunded for the pieces that were not paid back before', async () => {
    const { orderId, first } = await sent();
    const part = { lines: [teapots(2)] };
    await stage.requests.draftRefund({
      refundId: randomUUID(),
      orderId,
      part,
      reason: 'not_delivered',
      requestedBy: 'ada',
    });
    await trouble(orderId, first, 'returned_to_sender');
    await resolve(orderId, first, { action: 'refund' });
    assert.deepEqual((await refunds(orderId))[0], ['not_delivered', 1000, [teapots(1)]]);
    const again = { refundId: randomUUID(), orderId, part: { lines: [teapots(1)] } };
    const twice = stage.requests.draftRefund({ ...again, reason: 'goodwill', requestedBy: 'ada' });
    await assert.rejects(twice, refusedAs('TooMany'));
  });

  it('are not refunded where all pieces were paid back before', async () => {
    const { orderId, first } = await sent();
    const part = { lines: [teapots(3)] };
    await stage.requests.draftRefund({
      refundId: randomUUID(),
      orderId,
      part,
      reason: 'goodwill',
      requestedBy: 'ada',
    });
    await trouble(orderId, first, 'lost');
    await resolve(orderId, first, { action: 'refund' });
    assert.equal((await refunds(orderId)).length, 1);
  });

  it('are not charged where they were not captured yet; what is captured later is refunded', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await stage.activities.dispatchOrder({ ...note(orderId), parcelId: first! });
    await trouble(orderId, first!, 'lost');
    await resolve(orderId, first!, { action: 'refund' });
    assert.deepEqual(await refunds(orderId), []);
    assert.equal(await outstanding(orderId), 2500);
    assert.deepEqual((await read(orderId)).canceledLines, [teapots(3)]);
    const due = await stage.activities.dispatchOrder({ ...note(orderId), parcelId: second! });
    assert.deepEqual(due, { amount: pounds(2500), outstanding: pounds(2500) });
    await stage.activities.captureOrder({ ...note(orderId), parcelId: second!, captured: pounds(2500) });
    assert.deepEqual(await refunds(orderId), []);
    await stage.activities.captureOrder({ ...note(orderId), parcelId: first!, captured: pounds(3000) });
    assert.deepEqual(await refunds(orderId), [['canceled', 3000, null]]);
  });

  it('are refunded although others were not captured yet', async () => {
    const orderId = await stage.confirmed();
    const [first] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await stage.activities.dispatchOrder({ ...note(orderId), parcelId: first! });
    await stage.activities.captureOrder({ ...note(orderId), parcelId: first!, captured: pounds(3000) });
    await trouble(orderId, first!, 'lost');
    await resolve(orderId, first!, { action: 'refund' });
    assert.deepEqual(await refunds(orderId), [['not_delivered', 3000, [teapots(3)]]]);
    assert.equal(await outstanding(orderId), 2500);
  });

  it('are waited for as decided, until they are in trouble again', async () => {
    const { orderId, first, second } = await sent();
    await deliver(orderId, second);
    await trouble(orderId, first, 'lost');
    assert.deepEqual(await resolve(orderId, first, { action: 'wait' }), {});
    assert.deepEqual((await stage.statuses(orderId))[2], 'partially_delivered');
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'delivery' });
    const { version } = await read(orderId);
    await resolve(orderId, first, { action: 'wait' });
    assert.equal((await read(orderId)).version, version, 'a repeat');
    await trouble(orderId, first, 'lost');
    assert.deepEqual((await stage.statuses(orderId))[2], 'lost');
    assert.equal((await troublesOf(orderId)).length, 2);
    await resolve(orderId, first, { action: 'wait', note: 'once more' });
    const { returnableUntil } = await deliver(orderId, first);
    assert.ok(returnableUntil);
  });

  it('have no return window where nothing arrived and nothing is on its way', async () => {
    const orderId = await stage.captured();
    await trouble(orderId, orderId, 'lost');
    assert.deepEqual(await resolve(orderId, orderId, { action: 'refund' }), {});
    assert.deepEqual(await refunds(orderId), [['not_delivered', 5500, everything]]);
    const { returnableUntil, waitsFor, allowedActions } = await read(orderId);
    assert.deepEqual([returnableUntil, waitsFor, allowedActions], [null, null, []]);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'canceled']);
    await stage.activities.completeOrder(note(orderId));
    assert.equal((await stage.statuses(orderId))[0], 'completed');
  });

  it('are decided about only while they are lost or came back', async () => {
    const { orderId, first } = await sent();
    await resolve(orderId, first, { action: 'refund' });
    assert.deepEqual(await refunds(orderId), []);
    await trouble(orderId, first, 'lost');
    await deliver(orderId, first);
    await resolve(orderId, first, { action: 'refund' });
    assert.deepEqual(await refunds(orderId), []);
    // It is booked with the carrier by now.
    const resentAs = newParcel([teapots(3)]);
    await resolve(orderId, first, { action: 'resend', resentAs });
    assert.equal((await read(orderId)).parcels!.length, 3);
    assert.equal(await outstanding(orderId), 0);
  });

  it('are resolved once by two members of staff at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { orderId, first } = await sent();
      await trouble(orderId, first, 'lost');
      const decisions = ['ada', 'bob'].map((resolvedBy) => resolve(orderId, first, { action: 'refund', resolvedBy }));
      await Promise.all(decisions);
      assert.equal((await refunds(orderId)).length, 1);
    }
  });
});
