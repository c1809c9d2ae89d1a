import type { Client } from '@temporalio/client';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { type Metrics, gaugesOf } from '../../platform/telemetry/metrics.ts';

const WORKFLOW_TYPES = [
  'orderWorkflow',
  'returnWorkflow',
  'strayParcelWorkflow',
  'latePaymentWorkflow',
  'refundWorkflow',
  'failedRefundWorkflow',
  'failedCaptureWorkflow',
  'disputeWorkflow',
  'requiredStepWorkflow',
  'reconciliationWorkflow',
] as const;

/** A workflow completes however its order ends, so these statuses mean a bug or an action of an operator. */
const BROKEN = ['Failed', 'TimedOut', 'Terminated', 'Canceled'].map((status) => `'${status}'`).join(', ');

// A scrape waits only a few seconds for all metrics together.
const TIMEOUT_MS = 1_000;

/**
 * Counts the workflows that ended before what they carry (an order, a return, a stray parcel, a late payment, a refund, a failed refund or
 * capture, a dispute, a required step, a comparison of the books): those stand still, and no workflow is left to report it. A workflow
 * that was reset stays counted until Temporal's retention ends.
 */
export function registerBrokenWorkflowMetrics({ metrics, client, logger }: BrokenWorkflowOptions): void {
  gaugesOf(metrics, {
    label: 'workflow',
    gauges: {
      broken: {
        name: 'workflows_broken',
        help: 'Workflows that failed, timed out, or were terminated or canceled by an operator',
      },
    },
    logger,
    async read() {
      const counts = [];
      // One after the other: after a failure, a second request that is still retrying would use a closed connection.
      for (const workflow of WORKFLOW_TYPES) counts.push({ workflow, broken: await countBroken(client, workflow) });
      return counts;
    },
  });
}

interface BrokenWorkflowOptions {
  metrics: Metrics;
  client: Client;
  logger: Logger;
}

async function countBroken(client: Client, workflow: string): Promise<number> {
  const query = `WorkflowType = '${workflow}' AND ExecutionStatus IN (${BROKEN})`;
  const { count } = await client.withDeadline(Date.now() + TIMEOUT_MS, () => client.workflow.count(query));
  return count;
}
