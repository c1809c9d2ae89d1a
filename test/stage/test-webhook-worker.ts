import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import {
  type AttemptDelivery,
  type AttemptOutcome,
  type DeliveryRound,
  type WebhookActivities,
  webhookActivities,
} from '../../activities/webhook.ts';
import { durableActivities, translateRefusals } from '../../platform/temporal/worker.ts';
import { WEBHOOK_TASK_QUEUE, retryNowSignal, webhookWorkflowId } from '../../workflows/webhook-delivery/messages.ts';
import type { webhookDeliveryWorkflow } from '../../workflows/webhook-delivery/workflow.ts';

type Handle = WorkflowHandle<typeof webhookDeliveryWorkflow>;
type Outcome = AttemptOutcome['outcome'];
/** The outcome of an attempt, or a function that runs during the attempt and returns it. */
export type Line = Outcome | ((handle: Handle) => Promise<Outcome>);
/** A failed attempt during which a person requests a retry. */
export const askedMeanwhile: Line = async (handle) => {
  await handle.signal(retryNowSignal);
  return 'failed';
};

/** The activities that the workflow of one delivery called. */
interface Calls {
  attempts: AttemptDelivery[];
  /** The rounds after which a new one was requested. */
  begunAgain: DeliveryRound[];
}
export type Deliver = (...script: Line[]) => Promise<{ handle: Handle } & Calls>;

/** A worker for webhook deliveries whose attempts send nothing and end as scripted. */
export function createWebhookStage(client: Client) {
  const deliveries = new Map<string, { script: Line[] } & Calls>();
  const implementation: WebhookActivities = {
    async attemptDelivery(request) {
      const { script, attempts } = deliveries.get(request.deliveryId)!;
      attempts.push(request);
      const line = script[request.attempt - 1] ?? script.at(-1)!;
      const handle = client.workflow.getHandle<typeof webhookDeliveryWorkflow>(webhookWorkflowId(request.deliveryId));
      const outcome = typeof line === 'string' ? line : await line(handle);
      return { outcome, detail: `it was ${outcome}` };
    },
    async beginAgain(round) {
      deliveries.get(round.deliveryId)!.begunAgain.push(round);
    },
  };
  const deliver: Deliver = async (...script) => {
    const deliveryId = randomUUID();
    const calls: Calls = { attempts: [], begunAgain: [] };
    deliveries.set(deliveryId, { script, ...calls });
    const handle = await client.workflow.start<typeof webhookDeliveryWorkflow>('webhookDeliveryWorkflow', {
      workflowId: webhookWorkflowId(deliveryId),
      taskQueue: WEBHOOK_TASK_QUEUE,
      args: [{ deliveryId, round: 1 }],
    });
    return { handle, ...calls };
  };
  const worker = (options: Omit<WorkerOptions, 'taskQueue'>): Promise<Worker> =>
    Worker.create({
      ...options,
      taskQueue: WEBHOOK_TASK_QUEUE,
      activities: durableActivities({ operations: webhookActivities, implementation }),
      interceptors: { activity: [translateRefusals] },
    });
  return { worker, deliver };
}
