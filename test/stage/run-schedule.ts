import assert from 'node:assert/strict';
import type { ReconciliationReport } from '../../activities/reconciliation.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { RECONCILIATION_ID } from '../../workflows/reconciliation/messages.ts';
import type { reconciliationWorkflow } from '../../workflows/reconciliation/workflow.ts';
import { eventually } from './eventually.ts';
import type { Platform } from './test-platform.ts';

/** Has the schedule of a running platform compare the books now, and waits for the report. */
export async function reconcileBySchedule(platform: Platform): Promise<ReconciliationReport> {
  const address = `127.0.0.1:${platform.setting('TEMPORAL_PORT')}`;
  const client = createTemporalClient({ address, namespace: 'default' });
  try {
    const schedule = client.schedule.getHandle(RECONCILIATION_ID);
    const before = (await schedule.describe()).info.numActionsTaken;
    await schedule.trigger();
    const workflowId = await eventually(async () => {
      const { numActionsTaken, recentActions } = (await schedule.describe()).info;
      assert.ok(numActionsTaken > before);
      return recentActions.at(-1)!.action.workflow.workflowId;
    });
    return await client.workflow.getHandle<typeof reconciliationWorkflow>(workflowId).result();
  } finally {
    await client.connection.close();
  }
}
