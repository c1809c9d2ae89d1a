import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../../platform/telemetry/logger.ts';
import type { WakeableBackground } from '../../../platform/background.ts';
import { countWaitingOrders } from '../../../services/order/metrics.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import { type RefundStart, startRefunds } from '../../../services/order/refund-starts.ts';
import { eventually } from '../../stage/eventually.ts';
import { orderStage, pounds } from './test-order-service.ts';

describe('order service: starting the workflows of refunds', () => {
  const stage = orderStage();
  const running: WakeableBackground[] = [];
  const wakeAll = () => running.forEach((one) => one.wake());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()));
    await stage.database.db.deleteFrom('refunds').execute();
  });

  async function asked(amountMinor = 100): Promise<{ id: string; orderId: string }> {
    const orderId = await stage.captured();
    return stage.requests.draftRefund({
      refundId: randomUUID(),
      orderId,
      part: { amount: pounds(amountMinor) },
      reason: 'goodwill',
      requestedBy: 'staff-1',
    });
  }
  /** A replica whose starts fail where `fails` says so. */
  function replica(fails: (start: RefundStart) => boolean = () => false) {
    const started: RefundStart[] = [];
    const warnings: unknown[] = [];
    const starts = startRefunds({
      db: stage.database.db,
      async startWorkflow(start) {
        if (fails(start)) throw new Error('Temporal is away');
        started.push(start);
      },
      logger: { warn: (...line: unknown[]) => void warnings.push(line) } as unknown as Logger,
    });
    running.push(starts);
    return { started, warnings };
  }
  const unstarted = async () =>
    (await stage.database.db.selectFrom('refunds').select('id').where('workflow_started_at', 'is', null).execute()).map(
      ({ id }) => id,
    );
  const untilAllStarted = () => eventually(async () => assert.deepEqual(await unstarted(), []));

  it('starts each with what it is to pay back', async () => {
    const { id, orderId } = await asked(250);
    const { started } = replica();
    await untilAllStarted();
    const { customerId } = await stage.requests.getOrder({ orderId });
    assert.deepEqual(started, [{ input: { refundId: id, orderId, amount: pounds(250) }, customerId }]);
  });

  it('goes on trying while Temporal is away, and logs that once', async () => {
    await asked();
    let away = true;
    let tries = 0;
    const { started, warnings } = replica(() => (tries++, away));
    await eventually(() => (wakeAll(), assert.ok(tries >= 2)));
    assert.equal((await unstarted()).length, 1);
    away = false;
    wakeAll();
    await untilAllStarted();
    assert.deepEqual([started.length, warnings.length], [1, 1]);
  });

  it('begins with the request, which wakes it', async () => {
    const orderId = (await asked()).orderId;
    const { started } = replica();
    // Now it pauses for longer than this test waits.
    await untilAllStarted();
    const options = { waiting: new OrderWatcher(), lane: 'local-first' as const, refundRequested: wakeAll };
    const requests = createOrderRequests(stage.database.db, options);
    const request = { orderId, part: { amount: pounds(50) }, reason: 'goodwill' as const, requestedBy: 'staff-1' };
    await requests.draftRefund({ refundId: randomUUID(), ...request });
    await eventually(() => assert.equal(started.length, 2), 3_000);
  });

  it('starts the others when one cannot be started', async () => {
    const first = await asked();
    const second = await asked();
    const { started } = replica(({ input }) => input.refundId === first.id);
    await eventually(() =>
      assert.deepEqual(
        started.map(({ input }) => input.refundId),
        [second.id],
      ),
    );
    await eventually(async () => assert.deepEqual(await unstarted(), [first.id]));
  });

  it('does not start one again that has ended, though its mark was lost', async () => {
    const { id, orderId } = await asked();
    const note = { ...stage.note(orderId), workflowId: `refund-${id}` };
    await stage.activities.endRefund({ ...note, refundId: id, outcome: 'not_refunded' });
    const other = await asked();
    const { started } = replica();
    await eventually(() =>
      assert.deepEqual(
        started.map(({ input }) => input.refundId),
        [other.id],
      ),
    );
  });

  it('is counted as waiting until the refund has ended, or a person must decide', async () => {
    const counted = async () =>
      (await countWaitingOrders(stage.database.db)).find((one) => one.for === 'refund')!.orders;
    const before = await counted();
    const { id, orderId } = await asked();
    assert.equal(await counted(), before + 1);
    const interventionId = await stage.opened(orderId, 'refundPayment', `refund-${id}`);
    assert.equal(await counted(), before);
    await stage.closed(orderId, interventionId, 'retry');
    assert.equal(await counted(), before + 1);
  });
});
