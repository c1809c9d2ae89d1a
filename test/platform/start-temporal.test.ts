import assert from 'node:assert/strict';
import { Connection } from '@temporalio/client';
import { freshNamespace } from '../support/temporal.ts';

describe('the Temporal server of a test run', () => {
  it('gives each file a namespace in which workflows with our search attributes can start', async function () {
    this.timeout(60_000);
    const { address, namespace } = await freshNamespace();
    const connection = await Connection.connect({ address });
    const { runId } = await connection.workflowService.startWorkflowExecution({
      namespace,
      workflowId: 'w',
      requestId: 'r',
      workflowType: { name: 'none' },
      taskQueue: { name: 'none' },
    });
    assert.ok(runId);
    await connection.close();
  });
});
