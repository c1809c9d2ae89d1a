import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { type RemindOfCart, cartActivities } from '../../../activities/cart.ts';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { countAttempts, durableActivities, installTemporalRuntime } from '../../../platform/temporal/worker.ts';
import type { cartReminderWorkflow } from '../../../workflows/cart-reminder/workflow.ts';
import { type CartChanged, cartChangedSignal, cartReminderId } from '../../../workflows/cart-reminder/messages.ts';
import { eventually } from '../../stage/eventually.ts';
import { type TemporalConnections, connectToTemporal } from '../../stage/temporal-connections.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

const HOUR_MS = 60 * 60 * 1000;
const cache = path.join(import.meta.dirname, '../../../.cache');

describe('cart reminder workflow', function () {
  this.timeout(120_000);
  let connections: TemporalConnections;
  let stop: () => Promise<void>;
  const reminded: RemindOfCart[] = [];

  before(async () => {
    await installTemporalRuntime(createLogger('test', 'error'));
    connections = await connectToTemporal(await freshNamespace());
    const implementation = { remindOfCart: async (left: RemindOfCart) => void reminded.push(left) };
    const worker = await Worker.create({
      ...connections.worker,
      taskQueue: 'cart',
      workflowBundle: await workflowBundle(cache),
      activities: durableActivities({ operations: cartActivities, implementation }),
      interceptors: { activity: [countAttempts] },
    });
    const running = worker.run();
    stop = async () => {
      worker.shutdown();
      await running;
      await connections.close();
    };
  });
  after(() => stop());
  beforeEach(() => void reminded.splice(0));

  const start = (customerId: string, latest: CartChanged, by = connections.client) =>
    by.workflow.start<typeof cartReminderWorkflow>('cartReminderWorkflow', {
      workflowId: cartReminderId(customerId),
      taskQueue: 'cart',
      args: [{ customerId, latest }],
    });
  const change = (version: number, difference: Partial<CartChanged> = {}): CartChanged => ({
    version,
    empty: false,
    remindAt: new Date(Date.now() + 24 * HOUR_MS).toISOString(),
    ...difference,
  });

  it('reminds once of a cart that did not change for long enough', async () => {
    const customerId = randomUUID();
    await (await start(customerId, change(1))).result();
    assert.deepEqual(reminded, [{ customerId, version: 1 }]);
  });

  it('starts one timer for a hundred changes, even if they arrive twice or out of order', async () => {
    const customerId = randomUUID();
    // In real time: no day may pass between two changes.
    const handle = await start(customerId, change(1), connections.inRealTime);
    for (let version = 2; version <= 100; version += 1) await handle.signal(cartChangedSignal, change(version));
    for (const version of [100, 3]) await handle.signal(cartChangedSignal, change(version, { empty: version === 3 }));
    await eventually(async () => {
      const { events } = await handle.fetchHistory();
      assert.ok(!events!.at(-1)!.workflowExecutionSignaledEventAttributes && !isUnderWay(events!.at(-1)!));
    });
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    await handle.signal(cartChangedSignal, change(101, { empty: true }));
    await handle.result();
    const { events } = await handle.fetchHistory();
    assert.equal(events!.filter((event) => event.timerStartedEventAttributes).length, 1);
    assert.equal(events!.filter((event) => event.workflowExecutionSignaledEventAttributes).length, 102);
  });

  it('ends without a reminder when the cart is emptied', async () => {
    const customerId = randomUUID();
    // In real time: the reminder must not come before the cart is emptied.
    const handle = await start(customerId, change(1), connections.inRealTime);
    await handle.signal(cartChangedSignal, change(2, { empty: true }));
    await handle.result();
    assert.deepEqual(reminded, []);
  });

  it('continues with a new history when many changes have made it long', async () => {
    const customerId = randomUUID();
    // In real time: the workflow ends only when the cart is emptied.
    const workflow = connections.inRealTime.workflow.getHandle(cartReminderId(customerId));
    const { firstExecutionRunId: first } = await start(customerId, change(1), connections.inRealTime);
    // The server suggests a new history at 4 MB or 4,096 events; a few large changes stand for thousands. They are sent one
    // at a time, because a history cannot end while signals keep arriving.
    const large = { padding: 'x'.repeat(400_000) };
    let version = 1;
    while ((await workflow.describe()).runId === first) {
      await workflow.signal(cartChangedSignal, { ...change(++version), ...large });
      await eventually(async () => assert.ok(!(await workflow.describe()).raw.pendingWorkflowTask));
    }
    await workflow.signal(cartChangedSignal, change(version + 1, { empty: true }));
    await workflow.result();
    assert.deepEqual(reminded, []);
  });
});

/** A workflow task that is not completed yet. */
const isUnderWay = (last: Pick<Event, 'workflowTaskScheduledEventAttributes' | 'workflowTaskStartedEventAttributes'>) =>
  Boolean(last.workflowTaskScheduledEventAttributes ?? last.workflowTaskStartedEventAttributes);
