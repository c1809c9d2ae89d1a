import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { TemporalPlace } from '../../platform/temporal/place.ts';
import { Unreachable } from '../../tools/api/client.ts';
import { runningWorkflows } from '../../tools/reconcile/running-workflows.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { eventually } from '../stage/eventually.ts';
import { freshNamespace } from '../stage/fresh-namespace.ts';

describe('the orders whose workflow runs', function () {
  this.timeout(60_000);
  let place: TemporalPlace;
  let connection: Connection;
  let client: Client;

  before(async () => {
    place = await freshNamespace();
    connection = await Connection.connect({ address: place.address });
    client = new Client({ connection, namespace: place.namespace });
  });
  after(() => connection.close());

  // No worker runs them.
  const start = (type: string, workflowId: string, startDelay = '0s') =>
    client.workflow.start(type, { workflowId, taskQueue: 'nobody', startDelay });

  async function all(ids: AsyncIterable<string>): Promise<string[]> {
    const listed: string[] = [];
    for await (const id of ids) listed.push(id);
    return listed;
  }

  it('are listed page by page, those that wait for a start delay included, and no other workflow', async () => {
    const orderIds = Array.from({ length: 5 }, () => randomUUID());
    for (const id of orderIds) await start('orderWorkflow', orderWorkflowId(id), id === orderIds[0] ? '5 hours' : '0s');
    await start('orderWorkflow', 'of another form');
    const ended = await start('orderWorkflow', orderWorkflowId(randomUUID()));
    await ended.terminate();
    await start('returnWorkflow', `return-${randomUUID()}`);
    // The list is a moment behind.
    await eventually(async () => {
      const listed = await all(runningWorkflows(place, 2));
      assert.deepEqual(listed.toSorted(), [...orderIds, 'of another form'].toSorted());
    });
  });

  it('cannot be listed without a server', async () => {
    const listing = all(runningWorkflows({ address: '127.0.0.1:2', namespace: 'default' }));
    await assert.rejects(listing, (error) => {
      assert.ok(error instanceof Unreachable);
      assert.match(error.message, /^could not list the workflows of Temporal at 127\.0\.0\.1:2 \(.+\)$/);
      return true;
    });
  });

  it('cannot be listed over TLS from a server without it, which is said in a line', async () => {
    const listing = all(runningWorkflows({ ...place, tls: true }));
    await assert.rejects(listing, /^SettingError: setting TEMPORAL_ADDRESS: \S+ does not use TLS: unset TEMPORAL_TLS/);
  });

  it('cannot be listed in a namespace that does not exist', async () => {
    const listing = all(runningWorkflows({ ...place, namespace: 'nowhere' }));
    await assert.rejects(listing, /^Unreachable: could not list .* \(Namespace nowhere is not found\.\)$/);
  });
});
