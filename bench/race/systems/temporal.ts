import { Connection } from '@temporalio/client';
import { DEFAULTS, NAMESPACE, type ServerSettings } from '../temporal/settings.ts';
import { LIVES_PATH } from '../peers/front.ts';
import { STEP_SERVICES } from '../peers/steps.ts';
import type { Stage } from '../stage.ts';
import { frontProcess, peerProcess } from '../process-plans.ts';
import { PEER_DATABASES } from './peers.ts';
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
      ready: () => polled(stage, { queue: service, of: 'activities' }),
    }));
    await stage.processes.startAll([...workers, frontProcess(['bench/race/peers/temporal/front.ts'], stage)]);
    return frontEndpoint(stage);
  },
  historyEvents,
  countWorkflows,
  // With more, an order takes twenty seconds.
  mostClients: 64,
  life: (stage) => frontEndpoint(stage, LIVES_PATH),
});

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

/** Rejects until a worker polls that queue. */
export async function polled(
  stage: Stage,
  { queue: name, of }: { queue: string; of: keyof typeof QUEUE_TYPES },
): Promise<void> {
  await connected(stage, async ({ workflowService }) => {
    const request = { namespace: NAMESPACE, taskQueue: { name }, taskQueueType: QUEUE_TYPES[of] };
    const { pollers } = await workflowService.describeTaskQueue(request);
    if ((pollers ?? []).length === 0) throw new Error(`no worker polls the queue ${name}`);
  });
}

async function connected<Result>({ surroundings }: Stage, work: (connection: Connection) => Promise<Result>) {
  const connection = await Connection.connect({ address: surroundings.temporalAddress });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
