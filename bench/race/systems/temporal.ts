import { Connection } from '@temporalio/client';
import { DEFAULTS, NAMESPACE, type ServerSettings } from '../temporal/settings.ts';
import { LIVES_PATH } from '../peers/front.ts';
import { STEP_SERVICES } from '../peers/steps.ts';
import type { Stage } from '../stage.ts';
import { frontProcess, peerProcess } from '../process-plans.ts';
import { PEER_DATABASES, STEP_PROCESSES } from './peers.ts';
import { type System, frontEndpoint } from './system.ts';

/** Temporal as in its samples, on a server with these settings. */
export const temporalSystem = (row: string, temporal: ServerSettings): System => ({
  row,
  setUp:
    'one workflow, one activity per step on the queue of the service that owns it; server and SDK with their defaults',
  needs: { databases: PEER_DATABASES, temporal },
  async start(stage) {
    const workers = STEP_SERVICES.map((service) => ({
      ...peerProcess(service, ['bench/race/peers/temporal/worker.ts', service], stage),
      ready: (pid: number) => polled(stage, { queue: service, of: 'activities', pid }),
    }));
    await stage.processes.startAll([...workers, frontProcess(['bench/race/peers/temporal/front.ts'], stage)]);
    return frontEndpoint(stage);
  },
  historyEvents,
  countWorkflows,
  // With more, an order takes twenty seconds.
  mostClients: 64,
  life: (stage) => frontEndpoint(stage, LIVES_PATH),
  underFaults: {
    services: STEP_PROCESSES,
    deciders: ['order', 'front', 'temporal'],
    resumes: true,
    unfinished,
    lookAt: 'the workflow’s history in the Temporal Web UI',
  },
});

/** The workflows that have not completed, with what they wait for. */
function unfinished(stage: Stage): Promise<Map<string, string>> {
  return connected(stage, async ({ workflowService }) => {
    const found = new Map<string, string>();
    // More than one page is more than anybody reads.
    const query = `WorkflowType = 'orderWorkflow' and ExecutionStatus != 'Completed'`;
    const { executions } = await workflowService.listWorkflowExecutions({ namespace: NAMESPACE, query });
    for (const one of executions ?? []) {
      const execution = one.execution!;
      const described = await workflowService.describeWorkflowExecution({ namespace: NAMESPACE, execution });
      const waits = (described.pendingActivities ?? []).map(
        ({ activityType, lastFailure }) => `${activityType?.name}: ${lastFailure?.message ?? 'under way'}`,
      );
      found.set(execution.workflowId!.replace('order-', ''), waits.join('; ') || 'waits for a worker');
    }
    return found;
  });
}

export const temporal = temporalSystem('temporal', DEFAULTS);

/** The current number of events in the history of an order's workflow. */
export async function historyEvents(stage: Stage, orderId: string): Promise<number> {
  return connected(stage, async ({ workflowService }) => {
    const execution = { workflowId: `order-${orderId}` };
    const found = await workflowService.describeWorkflowExecution({ namespace: NAMESPACE, execution });
    return Number(found.workflowExecutionInfo?.historyLength ?? 0);
  });
}

/** The number of order workflows that were started, under way or not. */
export async function countWorkflows(stage: Stage): Promise<number> {
  return connected(stage, async ({ workflowService }) => {
    // Peers and platform call the type by the same name; the second is the peer's for an order's whole life.
    const query = `WorkflowType in ('orderWorkflow', 'orderLifeWorkflow')`;
    return Number((await workflowService.countWorkflowExecutions({ namespace: NAMESPACE, query })).count);
  });
}

// TASK_QUEUE_TYPE_…, whose enumeration is not exported at run time.
const QUEUE_TYPES = { workflows: 1, activities: 2 } as const;

/** Rejects until the worker in this process polls that queue. The server also lists workers that have ended. */
export async function polled(
  stage: Stage,
  { queue: name, of, pid }: { queue: string; of: keyof typeof QUEUE_TYPES; pid: number },
): Promise<void> {
  await connected(stage, async ({ workflowService }) => {
    const request = { namespace: NAMESPACE, taskQueue: { name }, taskQueueType: QUEUE_TYPES[of] };
    const { pollers } = await workflowService.describeTaskQueue(request);
    // The SDK names a worker by its process and its machine.
    if (!pollers?.some(({ identity }) => identity?.startsWith(`${pid}@`)))
      throw new Error(`the worker ${pid} does not poll the queue ${name}`);
  });
}

async function connected<Result>(
  { temporalAddress: address }: Stage,
  work: (connection: Connection) => Promise<Result>,
) {
  const connection = await Connection.connect({ address });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
