import assert from 'node:assert/strict';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../stage/eventually.ts';
import { advance } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Person, admin, newCustomer, newProduct } from '../../stage/shop-people.ts';

const NAMESPACE = 'default';

describe('an order whose workflow somebody has ended', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  let ada: Person;
  let keeper: Person;
  let connection: Connection;
  let client: Client;

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
    connection = await Connection.connect({ address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}` });
    client = new Client({ connection, namespace: NAMESPACE });
  });
  after(() => connection.close());

  /** As the gateway tells it to Prometheus. */
  async function broken(): Promise<number> {
    const told = await (await fetch(`http://127.0.0.1:${platform.setting('METRICS_PORT')}/metrics`)).text();
    const figure = /^workflows_broken\{workflow="orderWorkflow",[^}]*\} (\d+)$/m.exec(told);
    return Number(figure?.[1] ?? assert.fail(told));
  }

  /** The last workflow task that its history knows as completed. */
  async function completedTask(handle: WorkflowHandle) {
    const { events } = await handle.fetchHistory();
    // EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    const completed = events?.findLast(({ eventType }) => eventType === 7);
    return completed?.eventId ?? assert.fail('no workflow task has completed');
  }

  it('is counted, and goes on where it was reset', async () => {
    const before = await eventually(broken);
    const order = await ada.placed({ sku: await newProduct(keeper, 1) });
    const handle = client.workflow.getHandle(`order-${order.id}`);
    const { runId } = await handle.describe();
    // It is confirmed while its first task is under way, and what is reset must have completed one.
    const taskId = await eventually(() => completedTask(handle));
    await handle.terminate('by mistake');
    await eventually(async () => assert.equal(await broken(), before + 1));

    await client.workflowService.resetWorkflowExecution({
      namespace: NAMESPACE,
      workflowExecution: { workflowId: handle.workflowId, runId },
      reason: 'it was a mistake',
      requestId: order.id,
      workflowTaskFinishEventId: taskId,
    });
    await advance(platform, order);
    await ada.orderOnce(order.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
  });
});
