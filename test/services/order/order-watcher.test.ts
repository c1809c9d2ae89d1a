import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import { connect } from '../../../platform/database/connection.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { activitiesOn, orderStage, refusedAs } from './test-order-service.ts';

describe('order service: awaitOrder', () => {
  const stage = orderStage();
  const LONG_MS = 30_000;

  it('returns at once if the order is no longer pending', async () => {
    const orderId = await stage.confirmed();
    const order = await stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS });
    assert.deepEqual(order, await stage.requests.getOrder({ orderId }));
  });

  it('returns the current order after the timeout', async () => {
    const orderId = await stage.placed();
    for (const patienceMs of [0, 30]) {
      const start = Date.now();
      assert.equal((await stage.requests.awaitOrder({ orderId, patienceMs })).status, 'pending');
      assert.ok(Date.now() - start >= patienceMs);
    }
  });

  it('returns when another process moves the order', async () => {
    const orderId = await stage.placed();
    const otherProcess = connect<OrderDatabase>(stage.database.url, 1);
    const start = Date.now();
    const waiting = stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS });
    await activitiesOn(otherProcess).confirmOrder({ ...stage.note(orderId), trackingNumber: 'SB-1' });
    assert.equal((await waiting).status, 'confirmed');
    assert.ok(Date.now() - start < LONG_MS / 2);
    await otherProcess.destroy();
  });

  it('returns to all waiting requests when the order moves, or needs a person', async () => {
    const orderId = await stage.placed();
    const waiting = [1, 2, 3].map(() => stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS }));
    await stage.opened(orderId, 'reserveStock');
    for (const order of await Promise.all(waiting)) assert.equal(order.status, 'requires_action');
  });

  it('returns when the customer must act', async () => {
    const orderId = await stage.placed();
    const waiting = stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS });
    const customerAction = { type: 'stripe', clientSecret: 'pi_1_secret_2' } as const;
    const { expiresAt } = await stage.activities.awaitCustomer({ ...stage.note(orderId), customerAction });
    assert.deepEqual((await waiting).nextAction, { ...customerAction, expiresAt });
    assert.equal((await stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS })).status, 'pending');
  });

  it('is notified of every step that moves an order', async () => {
    const orderId = await stage.placed();
    const moves: string[] = [];
    const waiting = Object.assign(new OrderWatcher(), { moved: (id: string) => void moves.push(id) });
    const activities = activitiesOn(stage.database.db, waiting);
    const note = () => stage.note(orderId);
    const interventionId = randomUUID();
    await activities.openIntervention({ ...note(), interventionId, step: 'reserveStock', reason: 'no' });
    assert.equal(moves.length, 1);
    const decision = { interventionId, action: 'retry', note: 'seen', resolvedBy: 'admin' } as const;
    await activities.closeIntervention({ ...note(), ...decision });
    assert.equal(moves.length, 2);
    await activities.confirmOrder({ ...note(), trackingNumber: 'SB-1' });
    assert.deepEqual(moves, [orderId, orderId, orderId]);
  });

  it('refuses an unknown order', async () => {
    await assert.rejects(
      stage.requests.awaitOrder({ orderId: randomUUID(), patienceMs: LONG_MS }),
      refusedAs('OrderNotFound'),
    );
  });
});

describe('waiting for an order', () => {
  const orderId = randomUUID();
  /** Runs everything that does not wait for a timer. */
  const runPending = () => new Promise((resolve) => setImmediate(resolve));
  /** The numbers of listeners added and removed. */
  const countListeners = () => {
    const { on, removeListener } = EventEmitter.prototype as unknown as Record<'on' | 'removeListener', Spied>;
    return [on, removeListener].map(
      ({ mock: { calls } }) => calls.filter(({ arguments: [event] }) => event === orderId).length,
    );
  };
  type Spied = { mock: { calls: { arguments: unknown[] }[] } };

  beforeEach(() => {
    // Time stands still, so no result can come from polling again.
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    mock.method(EventEmitter.prototype, 'on');
    mock.method(EventEmitter.prototype, 'removeListener');
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
  const assertNoListeners = () => {
    const [added, removed] = countListeners();
    assert.ok(added! > 0);
    assert.equal(removed, added);
  };

  /** A poll that finds something from its `from`th call on. */
  function finding(from: number) {
    const poll = Object.assign(async () => (++poll.times >= from ? 'found' : undefined), { times: 0 });
    return poll;
  }

  it('polls once if there is a result, and leaves no listeners', async () => {
    const poll = finding(1);
    assert.equal(await new OrderWatcher().waitUntil(orderId, 1000, poll), 'found');
    assert.equal(poll.times, 1);
    assertNoListeners();
  });

  it('polls again as soon as the order moves', async () => {
    const waiting = new OrderWatcher();
    const poll = finding(2);
    const found = waiting.waitUntil(orderId, 1000, poll);
    await runPending();
    waiting.moved(randomUUID());
    await runPending();
    assert.equal(poll.times, 1);
    waiting.moved(orderId);
    assert.equal(await found, 'found');
    assertNoListeners();
  });

  it('misses no move during a poll', async () => {
    const waiting = new OrderWatcher();
    let times = 0;
    const found = waiting.waitUntil(orderId, 1000, async () => {
      if (++times > 1) return 'found';
      waiting.moved(orderId);
      return undefined;
    });
    assert.equal(await found, 'found');
  });

  it('queries what other processes moved four times a second, once for all waiting requests', async () => {
    const others = Array.from({ length: 63 }, () => randomUUID());
    const queries: string[][] = [];
    const waiting = new OrderWatcher(async (orderIds) => {
      queries.push(orderIds);
      return queries.length === 3 ? orderIds : [];
    });
    const polls = [orderId, ...others].map(() => finding(2));
    const all = [orderId, ...others].map((id, number) => waiting.waitUntil(id, 10_000, polls[number]!));
    for (let times = 0; times < 3; times++) {
      await runPending();
      mock.timers.tick(250);
    }
    assert.deepEqual(await Promise.all(all), Array(64).fill('found'));
    assert.deepEqual(
      queries.map(({ length }) => length),
      [64, 64, 64],
    );
    assert.ok(polls.every(({ times }) => times === 2));
    mock.timers.tick(250);
    await runPending();
    mock.timers.tick(250);
    assert.ok(queries.slice(3).every(({ length }) => length === 0));
    assertNoListeners();
  });

  it('keeps querying after a failure', async () => {
    let queries = 0;
    const waiting = new OrderWatcher(async (orderIds) => {
      if (++queries === 1) throw new Error('no database');
      return orderIds;
    });
    const found = waiting.waitUntil(orderId, 10_000, finding(2));
    for (let times = 0; times < 2; times++) {
      await runPending();
      mock.timers.tick(250);
    }
    assert.equal(await found, 'found');
  });

  it('polls a last time at the timeout, and leaves no listeners', async () => {
    const poll = finding(Infinity);
    const found = new OrderWatcher().waitUntil(orderId, 100, poll);
    await runPending();
    mock.timers.tick(100);
    assert.equal(await found, undefined);
    assert.equal(poll.times, 2);
    assertNoListeners();
  });

  it('leaves no listeners if a poll fails', async () => {
    const failing = new OrderWatcher().waitUntil(orderId, 1000, () => Promise.reject(new Error('no database')));
    await assert.rejects(failing, /no database/);
    assertNoListeners();
  });
});
