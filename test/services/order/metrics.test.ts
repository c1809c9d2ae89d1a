import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sql } from 'kysely';
import winston from 'winston';
import { connect } from '../../../platform/database/connection.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { waiting, waitingMetrics } from '../../../services/order/metrics.ts';
import { draft, orderStage } from './test-order-service.ts';

describe('order service: what orders wait for', () => {
  const stage = orderStage();
  const now = async () =>
    Object.fromEntries((await waiting(stage.database.db)).map(({ for: what, orders }) => [what, orders]));
  /** What has come to be waited for more, or less, than before the work. */
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

  it('is a decision for those that are placed, and to be taken up for drafts', async () => {
    assert.deepEqual(await difference(() => stage.requests.draftOrder(draft())), { record: 1 });
    assert.deepEqual(await difference(() => stage.placed()), { decision: 1 });
    const left = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
    const rejection = { code: 'OutOfStock', detail: 'none left' } as const;
    const orderId = await stage.placed();
    const reject = () => stage.activities.rejectOrder({ ...stage.note(orderId), ...left, rejection });
    assert.deepEqual(await difference(reject), { decision: -1 });
  });

  it('is the carrier, then the money as well, then nobody until its return window has gone by', async () => {
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

  it('is to be undone, where it was called off', async () => {
    const orderId = await stage.confirmed();
    const { activities, note } = stage;
    const calledOff = note(orderId, 'cancel');
    const entries = calledOff.entries.map((entry) => ({ ...entry, outcome: 'started' as const }));
    assert.deepEqual(await difference(() => activities.noteSteps({ ...calledOff, entries })), { cancellation: 1 });
    const left = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
    const undone = { cancellation: -1, dispatch: -1 };
    assert.deepEqual(await difference(() => activities.cancelOrder({ ...note(orderId, 'cancel'), ...left })), undone);
  });

  it('is a person, or a refund of what has come back', async () => {
    const orderId = await stage.delivered();
    let intervention = '';
    const opened = await difference(async () => (intervention = await stage.opened(orderId, 'commitStock')));
    assert.deepEqual(opened, { person: 1 });
    assert.deepEqual(await difference(() => stage.closed(orderId, intervention, 'retry')), { person: -1 });
    const kept = await stage.sendBack(orderId);
    assert.deepEqual(await difference(() => stage.receive(kept)), { refund: 1 });
    assert.deepEqual(await difference(() => stage.refund(kept)), { refund: -1 });
  });

  it('is no refund while a person is asked about it, nor once they have left it undone', async () => {
    const orderId = await stage.delivered();
    const kept = await stage.sendBack(orderId);
    await stage.receive(kept);
    let intervention = '';
    const ask = async () => (intervention = await stage.opened(orderId, 'refundPayment', `return-${kept.id}`));
    assert.deepEqual(await difference(ask), { refund: -1, person: 1 });
    assert.deepEqual(await difference(() => stage.closed(orderId, intervention, 'retry')), { refund: 1, person: -1 });
    await ask();
    assert.deepEqual(await difference(() => stage.closed(orderId, intervention, 'skip')), { person: -1 });
  });

  it('is told to Prometheus with the age of the oldest, and not at all where the database is away', async () => {
    const metrics = createMetrics('order');
    const own = connect<OrderDatabase>(stage.database.url);
    const logger = winston.createLogger({ silent: true });
    const warn = mock.method(logger, 'warn', () => logger);
    waitingMetrics({ metrics, db: own, logger });
    const orderId = await stage.placed();
    await sql`update orders set created_at = now() - interval '2 hours' where id = ${orderId}`.execute(
      stage.database.db,
    );
    const { decision } = await now();
    const told = await metrics.registry.metrics();
    assert.match(told, new RegExp(`orders_waiting\\{for="decision",service="order"\\} ${decision}\n`));
    assert.match(told, /orders_waiting_oldest_seconds\{for="decision",service="order"\} 72\d\d/);
    assert.match(told, /orders_waiting\{for="cancellation",service="order"\} 0\n/);
    await own.destroy();
    assert.doesNotMatch(await metrics.registry.metrics(), /^orders_waiting/m);
    assert.equal(warn.mock.callCount(), 1);
  });
});
