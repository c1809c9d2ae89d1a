import type { Client } from '@temporalio/client';
import { tsToDate, tsToMs } from '@temporalio/common/lib/time.js';
import { promptly } from '../../platform/temporal/client.ts';
import type { ServiceName } from '../../services/registry.ts';

/** A task queue as Temporal reports it. */
export interface TaskQueue {
  kind: 'workflow' | 'activity';
  /** False if no worker polls it, so that its tasks pile up. */
  polled: boolean;
  backlog: number;
  /** Age of the oldest waiting task. */
  backlogSeconds: number;
  pollers: { identity: string; lastSeenAt: string; build: string }[];
}

/** The kinds of task queues of each service that has a worker. */
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

/** The service's task queues; empty if it has no worker, undefined if Temporal does not respond. */
export async function taskQueuesOf(client: Client, service: ServiceName): Promise<TaskQueue[] | undefined> {
  const kinds = KINDS[service] ?? [];
  // Waits for all of them: a request that is still retrying would use a connection that has been closed meanwhile.
  const results = await Promise.allSettled(kinds.map((kind) => describe(client, service, kind)));
  const queues = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
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
