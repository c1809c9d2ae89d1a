import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import { connect } from '../../../platform/database/connection.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { Waiting } from '../../../services/order/waiting.ts';
import { activitiesOn, orderStage, refusedAs } from './test-order-service.ts';

describe('order service: awaitOrder', () => {
  const stage = orderStage();
  const LONG_MS = 30_000;

  it('answers at once where the order is no longer pending', async () => {
    const orderId = await stage.confirmed();
    const order = await stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS });
    assert.deepEqual(order, await stage.requests.getOrder({ orderId }));
  });

  it('answers at the end of patience with the order as it is then', async () => {
    const orderId = await stage.placed();
    for (const patienceMs of [0, 30]) {
      const asked = Date.now();
      assert.equal((await stage.requests.awaitOrder({ orderId, patienceMs })).status, 'pending');
      assert.ok(Date.now() - asked >= patienceMs);
    }
  });

  it('answers when another process moves the order', async () => {
    const orderId = await stage.placed();
    const elsewhere = connect<OrderDatabase>(stage.database.url, 1);
    const asked = Date.now();
    const waiting = stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS });
    await activitiesOn(elsewhere).confirmOrder({ ...stage.note(orderId), trackingNumber: 'SB-1' });
    assert.equal((await waiting).status, 'confirmed');
    assert.ok(Date.now() - asked < LONG_MS / 2);
    await elsewhere.destroy();
  });

  it('answers everybody who waits when the order moves, and when it needs a person', async () => {
    const orderId = await stage.placed();
    const waiting = [1, 2, 3].map(() => stage.requests.awaitOrder({ orderId, patienceMs: LONG_MS }));
    await stage.opened(orderId, 'reserveStock');
    for (const order of await Promise.all(waiting)) assert.equal(order.status, 'requires_action');
  });

  it('hears of every step that moves an order', async () => {
    const orderId = await stage.placed();
    const moves: string[] = [];
    const waiting = Object.assign(new Waiting(), { moved: (id: string) => void moves.push(id) });
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

  it('refuses an order that is not known', async () => {
    await assert.rejects(
      stage.requests.awaitOrder({ orderId: randomUUID(), patienceMs: LONG_MS }),
      refusedAs('OrderNotFound'),
    );
  });
});

describe('waiting for an order', () => {
  const orderId = randomUUID();
  /** Lets everything happen that needs no time to pass. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Listeners added and listeners taken away. */
  const listening = () => {
    const { on, removeListener } = EventEmitter.prototype as unknown as Record<'on' | 'removeListener', Spied>;
    return [on, removeListener].map(
      ({ mock: { calls } }) => calls.filter(({ arguments: [event] }) => event === orderId).length,
    );
  };
  type Spied = { mock: { calls: { arguments: unknown[] }[] } };

  beforeEach(() => {
    // Time stands still: whatever is answered was not answered by looking again.
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    mock.method(EventEmitter.prototype, 'on');
    mock.method(EventEmitter.prototype, 'removeListener');
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
  const nothingLeft = () => {
    const [added, taken] = listening();
    assert.ok(added! > 0);
    assert.equal(taken, added);
  };

  /** A look that finds something from its `from`th time on. */
  function finding(from: number) {
    const look = Object.assign(async () => (++look.times >= from ? 'found' : undefined), { times: 0 });
    return look;
  }

  it('looks once where there is something to find, and leaves nothing behind', async () => {
    const look = finding(1);
    assert.equal(await new Waiting().until(orderId, 1000, look), 'found');
    assert.equal(look.times, 1);
    nothingLeft();
  });

  it('looks again as soon as the order moves', async () => {
    const waiting = new Waiting();
    const look = finding(2);
    const found = waiting.until(orderId, 1000, look);
    await settle();
    waiting.moved(randomUUID());
    await settle();
    assert.equal(look.times, 1);
    waiting.moved(orderId);
    assert.equal(await found, 'found');
    nothingLeft();
  });

  it('misses no move that comes while it looks', async () => {
    const waiting = new Waiting();
    let times = 0;
    const found = waiting.until(orderId, 1000, async () => {
      if (++times > 1) return 'found';
      waiting.moved(orderId);
      return undefined;
    });
    assert.equal(await found, 'found');
  });

  it('asks four times a second, and once for all who wait, what has moved elsewhere', async () => {
    const others = Array.from({ length: 63 }, () => randomUUID());
    const asked: string[][] = [];
    const waiting = new Waiting(async (orderIds) => {
      asked.push(orderIds);
      return asked.length === 3 ? orderIds : [];
    });
    const looks = [orderId, ...others].map(() => finding(2));
    const all = [orderId, ...others].map((id, number) => waiting.until(id, 10_000, looks[number]!));
    for (let times = 0; times < 3; times++) {
      await settle();
      mock.timers.tick(250);
    }
    assert.deepEqual(await Promise.all(all), Array(64).fill('found'));
    assert.deepEqual(
      asked.map(({ length }) => length),
      [64, 64, 64],
    );
    assert.ok(looks.every(({ times }) => times === 2));
    mock.timers.tick(250);
    await settle();
    mock.timers.tick(250);
    assert.ok(asked.slice(3).every(({ length }) => length === 0));
    nothingLeft();
  });

  it('goes on asking where it is not told once', async () => {
    let asked = 0;
    const waiting = new Waiting(async (orderIds) => {
      if (++asked === 1) throw new Error('no database');
      return orderIds;
    });
    const found = waiting.until(orderId, 10_000, finding(2));
    for (let times = 0; times < 2; times++) {
      await settle();
      mock.timers.tick(250);
    }
    assert.equal(await found, 'found');
  });

  it('looks a last time when patience ends, and leaves nothing behind', async () => {
    const look = finding(Infinity);
    const found = new Waiting().until(orderId, 100, look);
    await settle();
    mock.timers.tick(100);
    assert.equal(await found, undefined);
    assert.equal(look.times, 2);
    nothingLeft();
  });

  it('leaves nothing behind where looking fails', async () => {
    const failing = new Waiting().until(orderId, 1000, () => Promise.reject(new Error('no database')));
    await assert.rejects(failing, /no database/);
    nothingLeft();
  });
});
