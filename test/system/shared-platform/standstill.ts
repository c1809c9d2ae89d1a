import assert from 'node:assert/strict';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { eventually } from '../../stage/eventually.ts';
import { advance } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type ShopUser, signInAsAdmin, newCustomer, newProduct } from '../../stage/shop-users.ts';

const NAMESPACE = 'default';

describe('an order whose workflow was terminated', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  let ada: ShopUser;
  let admin: ShopUser;
  let connection: Connection;
  let client: Client;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    connection = await Connection.connect({ address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}` });
    client = new Client({ connection, namespace: NAMESPACE });
  });
  after(() => connection.close());

  /** The gateway's metric. */
  async function brokenOrders(): Promise<number> {
    const metrics = await (await fetch(`http://127.0.0.1:${platform.setting('METRICS_PORT')}/metrics`)).text();
    const metric = /^workflows_broken\{workflow="orderWorkflow",[^}]*\} (\d+)$/m.exec(metrics);
    return Number(metric?.[1] ?? assert.fail(metrics));
  }

  /** The event id of the last completed workflow task. */
  async function lastCompletedTask(handle: WorkflowHandle) {
    const { events } = await handle.fetchHistory();
    // EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    const completed = events?.findLast(({ eventType }) => eventType === 7);
    return completed?.eventId ?? assert.fail('no workflow task has completed');
  }

  it('is counted, and continues after a reset', async () => {
    const before = await eventually(brokenOrders);
    const order = await ada.placeAndWait({ sku: await newProduct(admin, 1) });
    const handle = client.workflow.getHandle(`order-${order.id}`);
    const { runId } = await handle.describe();
    // The order may be confirmed during the first workflow task, and a reset needs a completed one.
    const taskId = await eventually(() => lastCompletedTask(handle));
    await handle.terminate('by mistake');
    await eventually(async () => assert.equal(await brokenOrders(), before + 1));

    await client.workflowService.resetWorkflowExecution({
      namespace: NAMESPACE,
      workflowExecution: { workflowId: handle.workflowId, runId },
      reason: 'it was a mistake',
      requestId: order.id,
      workflowTaskFinishEventId: taskId,
    });
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
  });
});
