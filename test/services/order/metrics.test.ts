import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sql } from 'kysely';
import winston from 'winston';
import { connect } from '../../../platform/database/connection.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { countWaitingOrders, interventionMetrics, waitingMetrics } from '../../../services/order/metrics.ts';
import { draft, kettle, newParcel, orderStage, teapots } from './test-order-service.ts';

describe('order service: what orders wait for', () => {
  const stage = orderStage();
  const now = async () =>
    Object.fromEntries((await countWaitingOrders(stage.database.db)).map(({ for: what, orders }) => [what, orders]));
  /** The changes in the counts caused by the work. */
  async function difference(work: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = await now();
    await work();
    const after = await now();
    return Object.fromEntries(
      Object.keys(after)
        .map((what) => [what, after[what]! - before[what]!] as const)
        .filter(([, change]) => change !== 0),
    );
  }

  it('is a decision for placed orders, and to be recorded for drafts', async () => {
    assert.deepEqual(await difference(() => stage.requests.placeOrder(draft())), { record: 1 });
    assert.deepEqual(await difference(() => stage.placed()), { decision: 1 });
    const notStarted = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
    const rejection = { code: 'OutOfStock', detail: 'none left' } as const;
    const orderId = await stage.placed();
    const reject = () => stage.activities.rejectOrder({ ...stage.note(orderId), ...notStarted, rejection });
    assert.deepEqual(await difference(reject), { decision: -1 });
  });

  it('is the customer only once their time is up', async () => {
    const { activities, note } = stage;
    const orderId = await stage.placed();
    const customerAction = { type: 'redirect', url: 'https://bank.example/confirm' } as const;
    const wait = () => activities.awaitCustomer({ ...note(orderId), customerAction });
    assert.deepEqual(await difference(wait), { decision: -1 });
    const overdue = JSON.stringify({ ...customerAction, expiresAt: new Date(Date.now() - 60_000).toISOString() });
    const expire = () =>
      stage.database.db.updateTable('orders').set({ next_action: overdue }).where('id', '=', orderId).execute();
    assert.deepEqual(await difference(expire), { customer: 1 });
    assert.deepEqual(await difference(() => activities.authorizeOrder(note(orderId))), { customer: -1, decision: 1 });
  });

  it('is the carrier, then also the capture, then nothing until the return window has closed', async () => {
    let orderId = '';
    assert.deepEqual(await difference(async () => (orderId = await stage.confirmed())), { dispatch: 1 });
    const { activities, note } = stage;
    const dispatched = { dispatch: -1, delivery: 1, capture: 1 };
    assert.deepEqual(await difference(() => activities.dispatchOrder(note(orderId))), dispatched);
    assert.deepEqual(await difference(() => activities.captureOrder(note(orderId))), { capture: -1 });
    assert.deepEqual(await difference(() => activities.deliverOrder(note(orderId))), { delivery: -1 });
    const overdue = () =>
      sql`update orders set returnable_until = now() - interval '1 hour' where id = ${orderId}`.execute(
        stage.database.db,
      );
    assert.deepEqual(await difference(overdue), { completion: 1 });
    assert.deepEqual(await difference(() => activities.completeOrder(note(orderId))), { completion: -1 });
  });

  it('is the carrier, the capture or staff for an order in parcels, counted once however many parcels wait', async () => {
    const { activities, note } = stage;
    const orderId = await stage.confirmed();
    let [first, second, third]: (string | undefined)[] = [];
    const split = async () =>
      ([first, second, third] = await stage.split(orderId, [[teapots(1)], [teapots(2)], [kettle]]));
    assert.deepEqual(await difference(split), {});
    const about = (parcelId: string | undefined) => ({ ...note(orderId), parcelId });
    const send = (parcelId: string | undefined) => () => activities.dispatchOrder(about(parcelId));
    assert.deepEqual(await difference(send(first)), { delivery: 1, capture: 1 });
    assert.deepEqual(await difference(() => activities.captureOrder(about(first))), { capture: -1 });
    assert.deepEqual(await difference(send(second)), { capture: 1 });
    assert.deepEqual(await difference(() => activities.captureOrder(about(second))), { capture: -1 });
    assert.deepEqual(await difference(send(third)), { dispatch: -1, capture: 1 });
    assert.deepEqual(await difference(() => activities.captureOrder(about(third))), { capture: -1 });
    const lose = () => activities.noteParcel({ ...note(orderId), parcelId: first!, trouble: 'lost' });
    assert.deepEqual(await difference(lose), { parcel_decision: 1 });
    assert.deepEqual(await difference(() => activities.deliverOrder(about(second))), {});
    assert.deepEqual(await difference(() => activities.deliverOrder(about(third))), { delivery: -1 });
    const decide = (action: 'wait' | 'refund') => () =>
      activities.resolveParcel({ ...note(orderId), parcelId: first!, action, note: 'so', resolvedBy: 'ada' });
    assert.deepEqual(await difference(decide('wait')), { parcel_decision: -1, delivery: 1 });
    assert.deepEqual(await difference(decide('refund')), { delivery: -1, refund: 1 });
  });

  it('is not the dispatch of a parcel that waits, nor of an order that is canceled', async () => {
    const { activities, note } = stage;
    const orderId = await stage.confirmed();
    const waiting = [newParcel([teapots(3)], { trackingNumber: null }), newParcel([kettle])];
    const replace = () => activities.replaceParcels({ ...note(orderId), replaced: [orderId], parcels: waiting });
    assert.deepEqual(await difference(replace), {});
    const left = { paymentStatus: 'canceled', fulfillmentStatus: 'booked' } as const;
    assert.deepEqual(await difference(() => activities.cancelOrder({ ...note(orderId), ...left })), { dispatch: -1 });
  });

  it('is another payment method only once the time to name one is up', async () => {
    const { activities, note } = stage;
    const orderId = await stage.confirmed();
    const wait = (ms: number) => () =>
      activities.awaitPaymentMethod({ ...note(orderId), until: new Date(Date.now() + ms).toISOString() });
    assert.deepEqual(await difference(wait(60_000)), {});
    assert.deepEqual(await difference(wait(-60_000)), { payment_method: 1 });
    const renew = () => activities.renewPayment({ ...note(orderId), paymentMethod: 'pm_card_mastercard' });
    assert.deepEqual(await difference(renew), { payment_method: -1 });
  });

  it('is the end of a cancellation under way', async () => {
    const orderId = await stage.confirmed();
    const { activities, note } = stage;
    const cancellation = note(orderId, 'cancel');
    const entries = cancellation.entries.map((entry) => ({ ...entry, outcome: 'started' as const }));
    assert.deepEqual(await difference(() => activities.noteSteps({ ...cancellation, entries })), { cancellation: 1 });
    const canceled = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
    const expected = { cancellation: -1, dispatch: -1 };
    assert.deepEqual(
      await difference(() => stage.activities.cancelOrder({ ...stage.note(orderId, 'cancel'), ...canceled })),
      expected,
    );
  });

  it('is a person, or the refund of received goods', async () => {
    const orderId = await stage.delivered();
    let intervention = '';
    const opened = await difference(async () => (intervention = await stage.opened(orderId, 'commitStock')));
    assert.deepEqual(opened, { person: 1 });
    assert.deepEqual(await difference(() => stage.closed(orderId, intervention, 'retry')), { person: -1 });
    const stored = await stage.sendBack(orderId);
    assert.deepEqual(await difference(() => stage.receive(stored)), { refund: 1 });
    assert.deepEqual(await difference(() => stage.refund(stored)), { refund: -1 });
  });

  it('is not a refund while its intervention is open, or after a person skipped it', async () => {
    const orderId = await stage.delivered();
    const stored = await stage.sendBack(orderId);
    await stage.receive(stored);
    let intervention = '';
    const open = async () => (intervention = await stage.opened(orderId, 'refundPayment', `return-${stored.id}`));
    assert.deepEqual(await difference(open), { refund: -1, person: 1 });
    assert.deepEqual(await difference(() => stage.closed(orderId, intervention, 'retry')), { refund: 1, person: -1 });
    await open();
    assert.deepEqual(
      await difference(async () => {
        await stage.closed(orderId, intervention, 'skip');
        await stage.skipRefund(stored);
      }),
      { person: -1 },
    );
  });

  it('is not the dispatch of a canceled order whose parcel a person took over', async () => {
    const orderId = await stage.confirmed();
    const left = { paymentStatus: 'canceled', fulfillmentStatus: 'booked' } as const;
    assert.deepEqual(
      await difference(() => stage.activities.cancelOrder({ ...stage.note(orderId, 'cancel'), ...left })),
      {
        dispatch: -1,
      },
    );
  });

  it('is a person who is asked about a step: open interventions are counted by step', async () => {
    const metrics = createMetrics('order');
    interventionMetrics({ metrics, db: stage.database.db, logger: winston.createLogger({ silent: true }) });
    const orderId = await stage.delivered();
    const opened = await Promise.all([
      stage.opened(orderId, 'restockReturn', 'return-1'),
      stage.opened(orderId, 'restockReturn', 'return-2'),
    ]);
    await sql`update interventions set opened_at = now() - interval '2 hours' where id = ${opened[0]}`.execute(
      stage.database.db,
    );
    const gauge = async (name: string, step: string) =>
      (await metrics.registry.metrics()).split('\n').find((line) => line.startsWith(`${name}{step="${step}",`));
    assert.match((await gauge('interventions_open', 'restockReturn'))!, / 2$/);
    assert.match((await gauge('interventions_open_oldest_seconds', 'restockReturn'))!, / 72\d\d/);
    for (const id of opened) await stage.closed(orderId, id, 'skip');
    for (const name of ['interventions_open', 'interventions_open_oldest_seconds']) {
      assert.match((await gauge(name, 'restockReturn'))!, / 0$/);
    }
    // A step about which only a newer version of the workflows asks.
    await stage.opened(orderId, 'complete');
    assert.match((await gauge('interventions_open', 'complete'))!, / 1$/);
  });

  it('is reported to Prometheus with the age of the oldest, and not at all if the database is unavailable', async () => {
    const metrics = createMetrics('order');
    const separateDb = connect<OrderDatabase>(stage.database.url);
    const logger = winston.createLogger({ silent: true });
    const warn = mock.method(logger, 'warn', () => logger);
    waitingMetrics({ metrics, db: separateDb, logger });
    const orderId = await stage.placed();
    await sql`update orders set created_at = now() - interval '2 hours' where id = ${orderId}`.execute(
      stage.database.db,
    );
    const { decision } = await now();
    const exposition = await metrics.registry.metrics();
    assert.match(exposition, new RegExp(`orders_waiting\\{for="decision",service="order"\\} ${decision}\n`));
    assert.match(exposition, /orders_waiting_oldest_seconds\{for="decision",service="order"\} 72\d\d/);
    assert.match(exposition, /orders_waiting\{for="cancellation",service="order"\} 0\n/);
    await separateDb.destroy();
    assert.doesNotMatch(await metrics.registry.metrics(), /^orders_waiting/m);
    assert.equal(warn.mock.callCount(), 1);
  });
});
