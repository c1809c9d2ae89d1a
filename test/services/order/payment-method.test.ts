import assert from 'node:assert/strict';
import { draft, everything, kettle, newParcel, orderStage, pounds, refusedAs, teapots } from './test-order-service.ts';

const customerAction = { type: 'redirect', url: 'https://bank.example/confirm' } as const;
const OTHER = 'pm_card_mastercard';

describe('order service: orders that need another payment method', () => {
  const stage = orderStage();
  const { note } = stage;
  const read = (orderId: string) => stage.requests.getOrder({ orderId });
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
  const wait = (orderId: string, until: string) => stage.activities.awaitPaymentMethod({ ...note(orderId), until });
  const renew = (orderId: string, more: { customerAction?: typeof customerAction } = {}) =>
    stage.activities.renewPayment({ ...note(orderId), paymentMethod: OTHER, ...more });
  const methodOf = async (orderId: string) =>
    (
      await stage.database.db
        .selectFrom('orders')
        .select(['payment_method', 'payment_method_until'])
        .where('id', '=', orderId)
        .executeTakeFirstOrThrow()
    ).payment_method;

  it('say until when, once, and are authorized with the other one', async () => {
    const orderId = await stage.confirmed();
    const until = inAnHour();
    for (const _again of [1, 2]) await wait(orderId, until);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'awaiting_customer', 'booked']);
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'payment_method', until });
    const events = await stage.database.db
      .selectFrom('outbox')
      .select('data')
      .where('subject', '=', orderId)
      .where('type', '=', 'order.payment_method_required')
      .execute();
    assert.equal(events.length, 1);
    assert.partialDeepStrictEqual(events[0]!.data, { until, total: pounds(5500) });
    for (const _again of [1, 2]) await renew(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'booked']);
    assert.equal(await methodOf(orderId), OTHER);
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'dispatch' });
  });

  it('show what the holder of the other one must confirm, and until when', async () => {
    const orderId = await stage.confirmed();
    const until = inAnHour();
    await wait(orderId, until);
    for (const _again of [1, 2]) await renew(orderId, { customerAction });
    const { nextAction, waitsFor, version } = await read(orderId);
    assert.deepEqual(nextAction, { ...customerAction, expiresAt: until });
    assert.deepEqual(waitsFor, { what: 'payment_confirmation', until });
    assert.equal((await stage.statuses(orderId))[1], 'awaiting_customer');
    await renew(orderId, { customerAction });
    assert.equal((await read(orderId)).version, version, 'a repeat');
    await wait(orderId, until);
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'payment_method', until }, 'the holder did not confirm');
    await renew(orderId, { customerAction });
    await renew(orderId);
    const after = await read(orderId);
    assert.deepEqual([after.paymentStatus, after.nextAction], ['authorized', null]);
  });

  it('are found by a repeat of the request that placed them', async () => {
    const request = draft();
    const orderId = await stage.confirmed(request);
    await wait(orderId, inAnHour());
    await renew(orderId);
    assert.equal((await stage.requests.placeOrder(request)).created, false);
    await assert.rejects(stage.requests.placeOrder({ ...request, paymentMethod: OTHER }), refusedAs('OrderDiffers'));
  });

  it('keep what was captured for parcels that have left', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await stage.activities.dispatchOrder({ ...note(orderId), parcelId: first! });
    await stage.activities.captureOrder({ ...note(orderId), parcelId: first!, captured: pounds(3000) });
    const waiting = newParcel([kettle], { trackingNumber: null });
    await stage.activities.replaceParcels({ ...note(orderId), replaced: [second!], parcels: [waiting] });
    await wait(orderId, inAnHour());
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'awaiting_customer', 'partially_shipped']);
    assert.deepEqual((await read(orderId)).captured, pounds(3000));
    await renew(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_captured', 'partially_shipped']);
  });

  it('wait no longer once the pieces that were not paid for are canceled', async () => {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
    await stage.activities.dispatchOrder({ ...note(orderId), parcelId: first! });
    await stage.activities.captureOrder({ ...note(orderId), parcelId: first!, captured: pounds(3000) });
    await wait(orderId, inAnHour());
    const canceled = { replaced: [second!], parcels: [], canceledLines: [kettle] };
    await stage.activities.replaceParcels({ ...note(orderId), ...canceled });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'delivery' });
  });

  it('are canceled with the reason where none was named, and wait for nobody any more', async () => {
    const orderId = await stage.confirmed();
    await stage.activities.replaceParcels({
      ...note(orderId),
      replaced: [orderId],
      parcels: [newParcel(everything, { trackingNumber: null })],
    });
    await wait(orderId, inAnHour());
    const rejection = { code: 'AuthorizationExpired', detail: 'no other\0 method was named' } as const;
    const ended = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
    await stage.activities.cancelOrder({ ...note(orderId), ...ended, rejection });
    const order = await read(orderId);
    assert.deepEqual([order.status, order.rejection?.code, order.waitsFor], ['canceled', rejection.code, null]);
    assert.deepEqual([order.parcels, order.allowedActions], [[], []]);
    const { data } = await stage.database.db
      .selectFrom('outbox')
      .select('data')
      .where('subject', '=', orderId)
      .where('type', '=', 'order.canceled')
      .executeTakeFirstOrThrow();
    assert.partialDeepStrictEqual(data, { ...ended, rejection: { code: rejection.code } });
  });

  it('are confirmed ones only', async () => {
    const orderId = await stage.placed();
    await wait(orderId, inAnHour());
    await renew(orderId);
    assert.deepEqual(await stage.statuses(orderId), ['pending', 'not_paid', 'not_fulfilled']);
    assert.notEqual(await methodOf(orderId), OTHER);
  });

  it('wait under an open intervention too', async () => {
    const orderId = await stage.confirmed();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await wait(orderId, inAnHour());
    assert.equal((await stage.statuses(orderId))[1], 'requires_action');
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'awaiting_customer', 'booked']);
  });
});
