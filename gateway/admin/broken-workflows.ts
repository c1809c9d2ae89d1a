import type { Client } from '@temporalio/client';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { type Metrics, gaugesOf } from '../../platform/telemetry/metrics.ts';

const CARRYING = ['orderWorkflow', 'returnWorkflow'] as const;

/** However an order ends, its workflow completes. */
const BROKEN = ['Failed', 'TimedOut', 'Terminated', 'Canceled'].map((status) => `'${status}'`).join(', ');

// Whoever scrapes waits no longer than some seconds for all figures together.
const PATIENCE_MS = 1_000;

/**
 * Tells Prometheus how many workflows have ended before what they carried: it stands still then, and nobody is left
 * who would say so. One that was reset stays counted until Temporal forgets it.
 */
export function brokenWorkflowMetrics({ metrics, client, logger }: Told): void {
  gaugesOf(metrics, {
    label: 'workflow',
    gauges: {
      broken: { name: 'workflows_broken', help: 'Workflows that failed, timed out or were ended by somebody' },
    },
    logger,
    async read() {
      const counts = [];
      // One after the other: a question that is still being tried again would meet a connection that has been closed.
      for (const workflow of CARRYING) counts.push({ workflow, broken: await brokenOnes(client, workflow) });
      return counts;
    },
  });
}

interface Told {
  metrics: Metrics;
  client: Client;
  logger: Logger;
}

async function brokenOnes(client: Client, workflow: string): Promise<number> {
  const query = `WorkflowType = '${workflow}' AND ExecutionStatus IN (${BROKEN})`;
  const { count } = await client.withDeadline(Date.now() + PATIENCE_MS, () => client.workflow.count(query));
  return count;
}
