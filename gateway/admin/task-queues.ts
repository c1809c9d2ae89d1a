import type { Client } from '@temporalio/client';
import { tsToDate, tsToMs } from '@temporalio/common/lib/time.js';
import type { ServiceName } from '../../services/registry.ts';
import { promptly } from '../../platform/temporal/client.ts';

/** One task queue as Temporal reports it. */
export interface TaskQueue {
  kind: 'workflow' | 'activity';
  /** False where nobody takes its tasks, so that they pile up. */
  polled: boolean;
  backlog: number;
  /** How long the oldest task has been waiting. */
  backlogSeconds: number;
  pollers: { identity: string; lastSeenAt: string; build: string }[];
}

/** Which services have a worker, and what for. */
const KINDS: Readonly<Partial<Record<ServiceName, readonly TaskQueue['kind'][]>>> = {
  order: ['workflow', 'activity'],
  cart: ['workflow', 'activity'],
  webhook: ['workflow', 'activity'],
  inventory: ['activity'],
  payment: ['activity'],
  shipping: ['activity'],
};

/** `temporal.api.enums.v1.TaskQueueType` */
const TYPES = { workflow: 1, activity: 2 } as const;

/** The service's task queues; none where it has no worker, undefined where Temporal does not answer. */
export async function taskQueuesOf(client: Client, service: ServiceName): Promise<TaskQueue[] | undefined> {
  const kinds = KINDS[service] ?? [];
  // Each is waited for: one that is still being tried again would meet a connection that has been closed meanwhile.
  const answers = await Promise.allSettled(kinds.map((kind) => describe(client, service, kind)));
  const queues = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  return queues.length === kinds.length ? queues : undefined;
}

async function describe(client: Client, name: string, kind: TaskQueue['kind']): Promise<TaskQueue> {
  const { namespace } = client.options;
  const { pollers, stats } = await promptly(client, () =>
    client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType: TYPES[kind],
      reportStats: true,
      reportPollers: true,
    }),
  );
  return {
    kind,
    polled: (pollers ?? []).length > 0,
    backlog: Number(stats?.approximateBacklogCount ?? 0),
    backlogSeconds: Math.round(tsToMs(stats?.approximateBacklogAge ?? {}) / 1000),
    pollers: (pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions, workerVersionCapabilities }) => ({
      identity: identity ?? '',
      lastSeenAt: tsToDate(lastAccessTime ?? {}).toISOString(),
      build: deploymentOptions?.buildId || workerVersionCapabilities?.buildId || '',
    })),
  };
}
