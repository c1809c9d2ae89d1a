import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Order } from '../../../activities/order.ts';
import { everything, kettle, orderStage, pounds, refusedAs, teapots } from './test-order-service.ts';

describe('order service: parcels', () => {
  const stage = orderStage();
  const read = (orderId: string): Promise<Order> => stage.requests.getOrder({ orderId });
  const about = (orderId: string, parcelId: string | undefined) => ({ ...stage.note(orderId), parcelId });
  const dispatch = (orderId: string, parcelId?: string) => stage.activities.dispatchOrder(about(orderId, parcelId));
  const deliver = (orderId: string, parcelId?: string) => stage.activities.deliverOrder(about(orderId, parcelId));
  const capture = (orderId: string, parcelId?: string, minor?: number) =>
    stage.activities.captureOrder({
      ...about(orderId, parcelId),
      ...(minor !== undefined && { captured: pounds(minor) }),
    });
  const rows = (orderId: string) =>
    stage.database.db.selectFrom('parcels').selectAll().where('order_id', '=', orderId).orderBy('position').execute();
  const eventsOf = async (orderId: string, type: string) => {
    const query = stage.database.db.selectFrom('outbox').select('data').where('subject', '=', orderId);
    return (await query.where('type', '=', type).orderBy('sequence').execute()).map(({ data }) => data);
  };
  const promisedBy = new Date(Date.now() + 86_400_000).toISOString();

  /** An order in a parcel with two teapots and one with the rest. */
  async function divided(): Promise<{ orderId: string; first: string; second: string }> {
    const orderId = await stage.confirmed();
    const [first, second] = await stage.split(orderId, [[teapots(2)], [teapots(1), kettle]]);
    return { orderId, first: first!, second: second! };
  }

  it('are none until the order is booked, then one that its own row describes, with no further row', async () => {
    const orderId = await stage.placed();
    assert.deepEqual((await read(orderId)).parcels, []);
    await stage.activities.confirmOrder({ ...stage.note(orderId), trackingNumber: 'SB-9', promisedBy });
    const parcel = { id: orderId, lines: everything, trackingNumber: 'SB-9', promisedBy };
    assert.deepEqual((await read(orderId)).parcels, [{ ...parcel, status: 'booked' }]);
    assert.deepEqual(await dispatch(orderId), {});
    assert.deepEqual(await dispatch(orderId), {}, 'a repeat');
    assert.deepEqual((await read(orderId)).parcels, [{ ...parcel, status: 'dispatched' }]);
    await capture(orderId);
    await deliver(orderId);
    assert.deepEqual((await read(orderId)).parcels, [{ ...parcel, status: 'delivered' }]);
    assert.deepEqual(await rows(orderId), []);
  });

  it('are captured and delivered one by one, and the order says how far it is', async () => {
    const { orderId, first, second } = await divided();
    const steps: [() => Promise<unknown>, unknown, string[]][] = [
      [
        () => dispatch(orderId, first),
        { amount: pounds(2000), outstanding: pounds(5500) },
        ['authorized', 'partially_shipped'],
      ],
      [() => capture(orderId, first, 2000), undefined, ['partially_captured', 'partially_shipped']],
      [() => deliver(orderId, first), {}, ['partially_captured', 'partially_delivered']],
      [
        () => dispatch(orderId, second),
        { amount: pounds(3500), outstanding: pounds(3500) },
        ['partially_captured', 'partially_delivered'],
      ],
      [() => capture(orderId, second), undefined, ['captured', 'partially_delivered']],
    ];
    for (const [take, answer, statuses] of steps) {
      for (const _again of [1, 2]) assert.deepEqual(await take(), answer);
      assert.deepEqual((await stage.statuses(orderId)).slice(1), statuses);
    }
    assert.equal((await read(orderId)).returnableUntil, null);
    const window = await deliver(orderId, second);
    assert.ok(window.returnableUntil !== undefined);
    assert.deepEqual(await deliver(orderId, second), window);
    assert.deepEqual(await deliver(orderId, first), window, 'a repeat of the first learns it too');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'delivered']);
    const { captured, version } = await read(orderId);
    assert.deepEqual(captured, pounds(5500));
    for (const take of steps.map(([step]) => step)) await take();
    assert.equal((await read(orderId)).version, version, 'repeats change nothing');
  });

  it('publish what is in them, where the order has several', async () => {
    const { orderId, first, second } = await divided();
    for (const parcelId of [first, second]) {
      await dispatch(orderId, parcelId);
      await deliver(orderId, parcelId);
    }
    const { number, customerId, returnableUntil } = await read(orderId);
    const ids = { orderId, number, customerId };
    const contents = [
      { parcelId: first, lines: [teapots(2)] },
      { parcelId: second, lines: [teapots(1), kettle] },
    ];
    assert.deepEqual(
      await eventsOf(orderId, 'order.shipped'),
      contents.map((content) => ({
        ...ids,
        ...content,
        trackingNumber: `SB-${content.parcelId}`,
        total: pounds(5500),
      })),
    );
    assert.deepEqual(await eventsOf(orderId, 'order.delivered'), [
      { ...ids, ...contents[0], paymentStatus: 'authorized' },
      { ...ids, ...contents[1], paymentStatus: 'authorized', returnableUntil },
    ]);
    assert.deepEqual(await eventsOf(orderId, 'order.changed'), [ids]);
  });

  it('may be paid for all at once with the first', async () => {
    const { orderId, first, second } = await divided();
    await dispatch(orderId, first);
    await capture(orderId, first, 5500);
    assert.equal((await stage.statuses(orderId))[1], 'captured');
    assert.deepEqual(await dispatch(orderId, second), { amount: pounds(0), outstanding: pounds(0) });
    await capture(orderId, second, 0);
    assert.deepEqual((await read(orderId)).captured, pounds(5500));
    assert.deepEqual(await stage.activities.getOutstanding(stage.note(orderId)), { outstanding: pounds(0) });
  });

  it('ask for no money twice where several have left and none is captured yet', async () => {
    const { orderId, first, second } = await divided();
    const asked = [await dispatch(orderId, first), await dispatch(orderId, second), await dispatch(orderId, first)];
    assert.deepEqual(
      asked.map(({ amount }) => amount?.amountMinor),
      [2000, 3500, 2000],
    );
    for (const { outstanding } of asked) assert.deepEqual(outstanding, pounds(5500));
  });

  it('of one order in one whole parcel are captured as a whole, also after the parcel was replaced', async () => {
    const orderId = await stage.confirmed();
    const [parcelId] = await stage.split(orderId, [everything]);
    assert.deepEqual(await dispatch(orderId, parcelId), {});
    await capture(orderId, parcelId);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
    assert.deepEqual((await read(orderId)).captured, pounds(5500));
    assert.deepEqual(await eventsOf(orderId, 'order.shipped'), [
      { orderId, ...(await idsOf(orderId)), trackingNumber: `SB-${parcelId}`, total: pounds(5500) },
    ]);
  });
  const idsOf = async (orderId: string) => {
    const { number, customerId } = await read(orderId);
    return { number, customerId };
  };

  it('that are captured for less leave the rest outstanding', async () => {
    const orderId = await stage.confirmed();
    await dispatch(orderId);
    for (const _again of [1, 2]) await capture(orderId, undefined, 5000);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_captured', 'shipped']);
    assert.deepEqual((await read(orderId)).captured, pounds(5000));
    assert.deepEqual(await stage.activities.getOutstanding(stage.note(orderId)), { outstanding: pounds(500) });
  });

  it('show under open interventions what they show without', async () => {
    const { orderId, first, second } = await divided();
    const interventionId = await stage.opened(orderId, 'capturePayment');
    await dispatch(orderId, first);
    await capture(orderId, first);
    assert.deepEqual(await stage.statuses(orderId), ['requires_action', 'requires_action', 'partially_shipped']);
    assert.deepEqual((await read(orderId)).waitsFor, { what: 'person' });
    await stage.closed(orderId, interventionId, 'retry');
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'partially_captured', 'partially_shipped']);
    await dispatch(orderId, second);
    await capture(orderId, second);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
  });

  it('say what the order waits for', async () => {
    const { orderId, first, second } = await divided();
    const waits = async () => (await read(orderId)).waitsFor;
    assert.deepEqual(await waits(), { what: 'dispatch' });
    await dispatch(orderId, first);
    assert.deepEqual(await waits(), { what: 'dispatch' });
    await dispatch(orderId, second);
    assert.deepEqual(await waits(), { what: 'delivery' });
    await stage.activities.noteParcel({ ...stage.note(orderId), parcelId: first, trouble: 'lost' });
    assert.deepEqual(await waits(), { what: 'parcel_decision' });
    await deliver(orderId, first);
    await deliver(orderId, second);
    assert.deepEqual(await waits(), { what: 'return_window', until: (await read(orderId)).returnableUntil });
    await stage.activities.completeOrder(stage.note(orderId));
    assert.equal(await waits(), null);
  });

  it('are listed with their orders as they are read with one', async () => {
    const customerId = randomUUID();
    for (let n = 0; n < 3; n += 1) {
      const orderId = await stage.confirmed({ customerId });
      if (n > 0) await stage.split(orderId, [[teapots(3)], [kettle]]);
    }
    const { items } = await stage.requests.listOrders({ customerId, limit: 10 });
    assert.deepEqual(
      items.map(({ parcels }) => parcels!.length),
      [2, 2, 1],
    );
    for (const order of items) assert.deepEqual(await read(order.id), order);
  });

  it('end with the order that is canceled before one has left, unless a person took the parcel over', async () => {
    const ended = (fulfillmentStatus: 'canceled' | 'booked') =>
      ({ paymentStatus: 'canceled', fulfillmentStatus }) as const;
    for (const fulfillmentStatus of ['canceled', 'booked'] as const) {
      const { orderId } = await divided();
      await stage.activities.cancelOrder({ ...stage.note(orderId), ...ended(fulfillmentStatus) });
      const statuses = (await rows(orderId)).slice(1).map(({ status }) => status);
      assert.deepEqual(statuses, [fulfillmentStatus, fulfillmentStatus]);
      assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', fulfillmentStatus]);
    }
    const { orderId, first } = await divided();
    await dispatch(orderId, first);
    await stage.activities.cancelOrder({ ...stage.note(orderId), ...ended('canceled') });
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'authorized', 'partially_shipped']);
  });

  it('end with the order although others take their place at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const orderId = await stage.confirmed();
      const canceled = { ...stage.note(orderId), paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
      await Promise.allSettled([
        stage.split(orderId, [[teapots(3)], [kettle]]),
        stage.activities.cancelOrder(canceled),
      ]);
      assert.ok((await rows(orderId)).every(({ status }) => status === 'canceled'));
      assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
    }
  });

  it('are moved once by two workers at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { orderId, first } = await divided();
      await Promise.all([1, 2].map(() => dispatch(orderId, first)));
      await Promise.all([1, 2].map(() => capture(orderId, first, 2000)));
      assert.deepEqual((await read(orderId)).captured, pounds(2000));
      assert.equal((await eventsOf(orderId, 'order.shipped')).length, 1);
    }
  });

  it('that nobody knows stop the workflow', async () => {
    const { orderId } = await divided();
    for (const take of [dispatch, capture, deliver]) await assert.rejects(take(orderId, randomUUID()), /no parcel/);
  });

  it('are changed only by who has seen the order as it is', async () => {
    const orderId = await stage.confirmed();
    const { version } = await read(orderId);
    await stage.activities.requireVersion({ ...stage.note(orderId, 'changeAddress'), version });
    const stale = stage.activities.requireVersion({ ...stage.note(orderId, 'changeAddress'), version: version - 1 });
    await assert.rejects(stale, refusedAs('VersionChanged'));
    assert.deepEqual(await stage.steps(orderId), ['changeAddress', 'changeAddress'], 'the history is kept');
    const gone = stage.activities.requireVersion({ ...stage.note(randomUUID()), version });
    await assert.rejects(gone, refusedAs('VersionChanged'));
    await stage.split(orderId, [[teapots(3)], [kettle]]);
    assert.equal((await read(orderId)).version, version + 1);
  });
});
