import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { OrderStart } from '../../../activities/order-placing.ts';
import { countToHandOver } from '../../../services/order/metrics.ts';
import { claimDue } from '../../../services/order/due-workflows.ts';
import { HandOver } from '../../../services/order/hand-over.ts';
import { Leases } from '../../../services/order/leases.ts';
import { insertPlaced } from '../../../services/order/placing.ts';
import { eventually } from '../../stage/eventually.ts';
import { draft, orderStage } from './test-order-service.ts';

describe('order service: handing orders over to their workflows', () => {
  const stage = orderStage();
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await sql`delete from workflows_to_start`.execute(stage.database.db);
  });

  /** A replica whose starts a test can watch and hold up. */
  function replica({ fails = () => false }: { fails?: (start: OrderStart) => boolean } = {}) {
    const started: OrderStart[] = [];
    const warnings: unknown[] = [];
    const handOver = new HandOver({
      db: stage.database.db,
      async startWorkflow(start) {
        if (fails(start)) throw new Error('Temporal is away');
        started.push(start);
      },
      logger: { warn: (...line: unknown[]) => void warnings.push(line) as never, info: () => undefined as never },
    });
    closing.push(() => handOver.close());
    return { handOver, started, warnings };
  }

  /** Places an order in the lane express, and ends its lease. Confirms it if that is said. */
  async function due({ confirmed }: { confirmed: boolean }): Promise<string> {
    const { db } = stage.database;
    const request = draft();
    const { orderId } = request;
    const entry = { sequence: 1, at: new Date().toISOString(), step: 'record', outcome: 'succeeded' } as const;
    await insertPlaced(db, request, [entry]);
    if (confirmed) await stage.activities.confirmOrder({ ...stage.note(orderId, 'confirm'), trackingNumber: 'SB-1' });
    await sql`update workflows_to_start set due_at = now() where order_id = ${orderId}`.execute(db);
    return orderId;
  }
  const waiting = async (): Promise<string[]> => {
    const rows = await stage.database.db.selectFrom('workflows_to_start').select('order_id').execute();
    return rows.map(({ order_id }) => order_id);
  };

  it('starts the workflow of an order whose process died before it was confirmed: all steps may have happened', async () => {
    const orderId = await due({ confirmed: false });
    const { started } = replica();
    await eventually(async () => assert.deepEqual(await waiting(), []));
    assert.deepEqual(
      started.map(({ input, lane, details }) => [input.orderId, lane, input.attempt, details]),
      [[orderId, 'express', undefined, undefined]],
    );
  });

  it('starts the workflow of an order whose process died after it was confirmed, as a confirmed one with its steps', async () => {
    const orderId = await due({ confirmed: true });
    const { started } = replica();
    await eventually(async () => assert.deepEqual(await waiting(), []));
    const [{ input, details }] = started as [OrderStart];
    assert.equal(input.orderId, orderId);
    assert.ok(input.attempt?.confirmedAt);
    assert.match(details!, /record succeeded[^]*confirm succeeded/);
  });

  it('starts nothing that is not due', async () => {
    const request = draft();
    await insertPlaced(stage.database.db, request, []);
    assert.deepEqual(await claimDue(stage.database.db, 10), []);
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from due_at - now())::float8 as seconds from workflows_to_start`.execute(stage.database.db);
    assert.ok(rows[0]!.seconds > 2 && rows[0]!.seconds <= 4, String(rows[0]!.seconds));
  });

  it('starts at once what this process hands over, many at a time, and takes them out of the table', async () => {
    const orderIds = await Promise.all(Array.from({ length: 30 }, () => due({ confirmed: true })));
    await sql`update workflows_to_start set due_at = now() + interval '1 hour'`.execute(stage.database.db);
    const { handOver, started } = replica();
    for (const orderId of orderIds) {
      const { start } = await stage.requests.getOrderStart({ orderId });
      handOver.soon(start!);
    }
    await eventually(async () => assert.deepEqual(await waiting(), []));
    assert.deepEqual(started.map(({ input }) => input.orderId).toSorted(), orderIds.toSorted());
  });

  it('starts an order whose customer waits before the confirmed ones that wait already (seen with 1 % of the answers lost, seed 1)', async () => {
    const { handOver, started } = replica();
    const confirmed = await Promise.all(Array.from({ length: 20 }, () => due({ confirmed: true })));
    const undecided = await due({ confirmed: false });
    const starts = await claimDue(stage.database.db, 100);
    const startOf = (orderId: string) => starts.find(({ input }) => input.orderId === orderId)!;
    for (const orderId of [...confirmed, undecided]) handOver.soon(startOf(orderId));
    await eventually(async () => assert.equal(started.length, 21));
    // Some of them were being started when it came.
    const place = started.findIndex(({ input }) => input.orderId === undecided);
    assert.ok(place < 20 / 2, `it was number ${place + 1}`);
  });

  it('keeps what could not be started due, and starts it once Temporal is back, each once', async () => {
    const orderIds = await Promise.all(Array.from({ length: 12 }, () => due({ confirmed: true })));
    let away = true;
    const { started, warnings } = replica({ fails: () => away });
    await eventually(() => assert.equal(warnings.length, 1));
    assert.deepEqual([started.length, (await waiting()).length], [0, 12]);
    away = false;
    await sql`update workflows_to_start set due_at = now()`.execute(stage.database.db);
    await eventually(async () => assert.deepEqual(await waiting(), []));
    assert.deepEqual(started.map(({ input }) => input.orderId).toSorted(), orderIds.toSorted());
  });

  it('starts no workflow of an order that has ended, and takes it out of the table', async () => {
    const orderId = await due({ confirmed: true });
    const none = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
    await stage.activities.cancelOrder({ ...stage.note(orderId, 'cancel'), ...none });
    assert.deepEqual(await claimDue(stage.database.db, 10), []);
    assert.deepEqual(await waiting(), []);
    assert.deepEqual(await stage.requests.getOrderStart({ orderId }), {});
  });

  it('starts an order with an open intervention as what it is apart from that', async () => {
    for (const confirmed of [false, true]) {
      await stage.opened(await due({ confirmed }), 'bookShipment');
      const [start] = await claimDue(stage.database.db, 10);
      assert.equal(start!.input.attempt?.confirmedAt !== undefined, confirmed);
    }
  });

  it('starts nothing more once it is closed', async () => {
    const orderIds = await Promise.all(Array.from({ length: 12 }, () => due({ confirmed: true })));
    await sql`update workflows_to_start set due_at = now() + interval '1 hour'`.execute(stage.database.db);
    const { handOver, started } = replica();
    const { start } = await stage.requests.getOrderStart({ orderId: orderIds[0]! });
    await handOver.close();
    handOver.soon(start!);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([started, (await waiting()).length], [[], 12]);
  });

  it('shares what is due between replicas: no order is claimed twice', async () => {
    const orderIds = await Promise.all(Array.from({ length: 40 }, () => due({ confirmed: true })));
    const claims = await Promise.all(Array.from({ length: 4 }, () => claimDue(stage.database.db, 20)));
    const claimed = claims.flat().map(({ input }) => input.orderId);
    assert.equal(new Set(claimed).size, claimed.length);
    assert.ok(claimed.every((orderId) => orderIds.includes(orderId)));
    // A replica that dies with its claims leaves them to the others.
    const { rows } = await sql<{ later: boolean }>`
      select bool_and(due_at <= now() + interval '10 seconds') as later from workflows_to_start`.execute(
      stage.database.db,
    );
    assert.equal(rows[0]!.later, true);
  });

  it('starts the workflow of each order once although two replicas race for the same leases', async () => {
    const orderIds = await Promise.all(Array.from({ length: 40 }, () => due({ confirmed: false })));
    const racing = [replica(), replica()];
    await eventually(async () => assert.deepEqual(await waiting(), []));
    const started = racing.flatMap(({ started }) => started.map(({ input }) => input.orderId));
    assert.deepEqual(started.toSorted(), orderIds.toSorted());
  });

  it('renews the lease of an attempt that takes long, and of no other', async () => {
    const [slow, lost] = [await due({ confirmed: false }), await due({ confirmed: false })];
    const leases = new Leases(stage.database.db, { warn: () => assert.fail() });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const holding = leases.hold(slow, () => ended);
    try {
      await eventually(async () => {
        const { rows } = await sql<{ order_id: string }>`
          select order_id from workflows_to_start where due_at > now()`.execute(stage.database.db);
        assert.deepEqual(
          rows.map(({ order_id }) => order_id),
          [slow],
        );
      });
    } finally {
      end();
      await holding;
      leases.close();
    }
    assert.ok((await waiting()).includes(lost));
  });

  it('counts what is to be handed over, by whether it is confirmed, with its age', async () => {
    await due({ confirmed: true });
    await due({ confirmed: false });
    const counted = await countToHandOver(stage.database.db);
    const byStatus = Object.fromEntries(counted.map(({ status, ...rest }) => [status, rest]));
    assert.deepEqual([byStatus.confirmed!.orders, byStatus.pending!.orders], [1, 1]);
    assert.ok(byStatus.confirmed!.oldest > 0 && byStatus.pending!.oldest > 0);
  });
});
