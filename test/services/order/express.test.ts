import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import type { OrderStart, PlaceOrder } from '../../../activities/order-placing.ts';
import type { StepServices } from '../../../services/order/step-services.ts';
import { confirmation } from '../../../services/order/placing-activities.ts';
import { AttemptBound } from '../../../services/order/attempt-bound.ts';
import { applyChange } from '../../../services/order/bookkeeping.ts';
import { expressMetrics } from '../../../services/order/express-metrics.ts';
import { type ExpressDependencies, createExpress } from '../../../services/order/express.ts';
import { insertPlaced } from '../../../services/order/placing.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { createServices } from '../../stage/fake-order-services.ts';
import { OrderWorlds } from '../../stage/order-world.ts';
import { startCounting } from '../../../bench/studies/bill/counts.ts';
import { eventually } from '../../stage/eventually.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { draft, orderStage, refusedAs } from './test-order-service.ts';

describe('order service: the lane express', () => {
  const stage = orderStage();

  /** The lane on the real tables, with services in memory. `changed` replaces some of them. */
  function express(
    changed: Partial<StepServices['inventory'] & StepServices['payment'] & StepServices['shipping']> = {},
    limits: Pick<ExpressDependencies, 'bound' | 'attemptMs'> = {},
  ) {
    const { db } = stage.database;
    const worlds = new OrderWorlds();
    const all = { ...createServices(worlds), ...changed };
    const handedOver: OrderStart[] = [];
    const registry = new Registry();
    const { bound = new AttemptBound() } = limits;
    const errors: unknown[] = [];
    const held: string[] = [];
    const placeExpress = createExpress({
      services: { cart: all, inventory: all, payment: all, shipping: all },
      insert: (request, entries) => insertPlaced(db, request, entries),
      confirm: (note, booking) => applyChange(db, note, confirmation(booking)),
      handOver: (start) => void handedOver.push(start),
      leases: {
        hold(orderId, work) {
          held.push(orderId);
          return work();
        },
      },
      logger: { error: (...line: unknown[]) => void errors.push(line) as never, warn: () => undefined as never },
      ...limits,
      bound,
      count: expressMetrics(registry, bound),
    });
    const requests = createOrderRequests(db, { waiting: new OrderWatcher(), lane: 'express', placeExpress });
    return {
      place: (request: PlaceOrder) => requests.placeOrder(request),
      requests,
      handedOver,
      worlds,
      errors,
      registry,
      held,
    };
  }
  const dueIn = async (orderId: string): Promise<number | undefined> => {
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from due_at - now())::float8 as seconds from workflows_to_start where order_id = ${orderId}`.execute(
      stage.database.db,
    );
    return rows[0]?.seconds;
  };
  const history = async (orderId: string) =>
    (await stage.requests.getHistory({ orderId })).items.map(({ step, outcome }) => `${step} ${outcome}`);

  it('confirms an order in one request, with the history and the events of every lane', async () => {
    const { place, requests, worlds, errors } = express();
    const request = draft();
    const { order, created, start } = await place(request);
    assert.deepEqual([created, start, errors], [true, undefined, []]);
    assert.deepEqual(
      [order.status, order.paymentStatus, order.fulfillmentStatus],
      ['confirmed', 'authorized', 'booked'],
    );
    assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    assert.deepEqual(worlds.of(order.id).effects, ['reserve', 'hold', 'book']);
    assert.deepEqual(await history(order.id), PLACED_HISTORY);
    assert.deepEqual(await stage.events(order.id), ['order.placed', 'order.confirmed']);
    assert.deepEqual(await requests.placeOrder(request), { order, created: false });
  });

  it('stores when the carrier promises to deliver by, and tells the workflow', async () => {
    const promisedBy = '2027-01-02T03:04:05.678Z';
    const bookShipment = async () => ({ trackingNumber: 'SB-1', promisedBy });
    const { place, handedOver } = express({ bookShipment });
    const { order } = await place(draft());
    assert.equal(order.parcels![0]!.promisedBy, promisedBy);
    assert.deepEqual(await stage.requests.getOrder({ orderId: order.id }), order);
    assert.equal(handedOver[0]!.input.attempt?.promisedBy, promisedBy);
    const { start } = await stage.requests.getOrderStart({ orderId: order.id });
    assert.deepEqual(start!.input.attempt, handedOver[0]!.input.attempt);
  });

  it('costs two statements if it is confirmed, and one before the saga takes over if it is refused', async () => {
    const costOf = async (changed: Partial<StepServices['payment']>) => {
      const { place } = express(changed);
      const { counts, stop } = startCounting();
      await place(draft()).finally(stop);
      const { statements, roundTrips } = counts;
      return { statements, roundTrips };
    };
    assert.deepEqual(await costOf({}), { statements: 2, roundTrips: 2 });
    const authorizePayment = () => Promise.reject(new Refusal('CardDeclined', 'no'));
    assert.deepEqual(await costOf({ authorizePayment }), { statements: 1, roundTrips: 1 });
  });

  it('hands a confirmed order over with what the Temporal Web UI shows of its steps, and keeps it due', async () => {
    const { place, handedOver } = express();
    const { order } = await place(draft());
    const [start] = handedOver;
    assert.equal(start!.lane, 'express');
    assert.ok(start!.input.attempt!.confirmedAt);
    const shown = [...start!.details!.matchAll(/^- `\d\d:\d\d:\d\d` (\w+) (\w+)/gm)].map(([, ...words]) =>
      words.join(' '),
    );
    assert.deepEqual(shown, PLACED_HISTORY);
    // Another replica starts the workflow if this one does not.
    assert.ok((await dueIn(order.id))! > 0);
    assert.deepEqual(await stage.requests.getOrderStart({ orderId: order.id }), {
      start,
    });
  });

  it('hands a refused order over to the saga with the steps that it tried, and undoes nothing', async () => {
    const authorizePayment = () => Promise.reject(new Refusal('CardDeclined', 'no'));
    const { place, handedOver, worlds, errors } = express({ authorizePayment });
    const { order } = await place(draft());
    assert.equal(order.status, 'pending');
    assert.deepEqual(handedOver[0]!.input.attempt, { tried: ['reserveStock', 'authorizePayment'] });
    assert.deepEqual([worlds.of(order.id).effects, errors], [['reserve'], []]);
    assert.deepEqual(await history(order.id), ['record succeeded']);
    assert.ok((await dueIn(order.id))! > 0);
  });

  it('counts attempts by what became of them', async () => {
    let declines = false;
    const { place, registry } = express({
      authorizePayment: async () => {
        if (declines) throw new Refusal('CardDeclined', 'no');
        return { authorizationId: 'a' };
      },
    });
    await place(draft());
    declines = true;
    await place(draft());
    const text = await registry.metrics();
    assert.match(text, /express_attempts_total\{outcome="confirmed"\} 1\n/);
    assert.match(text, /express_attempts_total\{outcome="taken_over"\} 1\n/);
    assert.match(text, /express_attempts_limit 16\n/);
  });

  it('logs what is neither a refusal nor a fault, and hands the order over all the same', async () => {
    const { place, handedOver, errors } = express({ reserveStock: () => Promise.reject(new TypeError('a bug')) });
    await place(draft());
    assert.equal(errors.length, 1);
    assert.deepEqual(handedOver[0]!.input.attempt, { tried: ['reserveStock'] });
  });

  it('does not confirm an order that the saga has fenced meanwhile: the saga finds out what happened', async () => {
    const request = draft();
    const { orderId } = request;
    const { place, handedOver } = express({
      async reserveStock() {
        await stage.activities.withholdOrder(stage.note(orderId));
      },
    });
    const { order } = await place(request);
    assert.equal(order.status, 'pending');
    assert.equal(handedOver[0]!.input.attempt, undefined);
    assert.deepEqual(await history(orderId), ['record succeeded']);
  });

  it('takes no further step once the time of an attempt is up', async () => {
    const timeUp = new Promise((resolve) => setTimeout(resolve, 50));
    const begun: string[] = [];
    const { place, handedOver } = express(
      {
        reserveStock: async () => void (await timeUp),
        async authorizePayment() {
          begun.push('authorizePayment');
          return { authorizationId: 'a' };
        },
      },
      { attemptMs: 1 },
    );
    await place(draft());
    assert.deepEqual([begun, handedOver[0]!.input.attempt], [[], { tried: ['reserveStock'] }]);
  });

  it('leaves the lease of an attempt under way to it when its request is repeated', async () => {
    const { place, held } = express();
    const request = draft();
    await Promise.all([place(request), place(request), place(request)]);
    assert.deepEqual(held, [request.orderId]);
  });

  it('hands an order whose turn does not come in time over as one that nothing has happened of', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const bound = new AttemptBound(1, { longestWaitMs: 1 });
    const { place, handedOver } = express({ reserveStock: () => ended }, { bound });
    const first = place(draft());
    await eventually(() => assert.equal(bound.running, 1));
    const { order } = await place(draft());
    assert.equal(order.status, 'pending');
    assert.deepEqual(handedOver[0]!.input.attempt, { tried: [] });
    end();
    await first;
  });

  it('says that all steps of an order under way may have happened, also through a process in another lane', async () => {
    const requests = createOrderRequests(stage.database.db, { waiting: new OrderWatcher(), lane: 'durable' });
    const request = draft();
    await insertPlaced(stage.database.db, request, []);
    const { start } = await requests.getOrderStart({ orderId: request.orderId });
    assert.deepEqual([start!.lane, start!.input.attempt], ['express', undefined]);
  });

  it('refuses another order under the same id, and attempts one order once for concurrent requests', async () => {
    const { place, worlds, handedOver } = express();
    const request = draft();
    const placed = await Promise.all(Array.from({ length: 8 }, () => place(request)));
    assert.equal(placed.filter(({ created }) => created).length, 1);
    assert.deepEqual(worlds.of(request.orderId).effects, ['reserve', 'hold', 'book']);
    assert.equal(handedOver.length, 1);
    await assert.rejects(place({ ...request, paymentMethod: 'pm_sandbox_flaky' }), refusedAs('OrderDiffers'));
  });

  it('lets orders wait for their turn, without counting that as time of their attempt', async () => {
    let running = 0;
    let most = 0;
    const bound = new AttemptBound(2);
    const { place } = express(
      {
        async reserveStock() {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
        },
      },
      { bound },
    );
    const placed = await Promise.all(Array.from({ length: 30 }, () => place(draft())));
    assert.deepEqual(new Set(placed.map(({ order }) => order.status)), new Set(['confirmed']));
    // It may have found that more at once are as fast.
    assert.ok(most >= 2 && most < 30, String(most));
    assert.deepEqual([bound.running, bound.waiting], [0, 0]);
  });
});
