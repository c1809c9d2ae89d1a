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
type Word = AttemptOutcome['outcome'];
/** How an attempt ends. */
export type Line = Word | ((handle: Handle) => Promise<Word>);
/** An attempt that fails, and while it is under way a person asks for the next. */
export const askedMeanwhile: Line = async (handle) => {
  await handle.signal(retryNowSignal);
  return 'failed';
};

/** What the workflow of one delivery asked for. */
interface Asked {
  attempts: AttemptDelivery[];
  /** The rounds that another is to follow. */
  begunAgain: DeliveryRound[];
}
export type Deliver = (...script: Line[]) => Promise<{ handle: Handle } & Asked>;

/** A worker for webhooks' deliveries whose attempts send nothing and end as they are told. */
export function createWebhookStage(client: Client) {
  const played = new Map<string, { script: Line[] } & Asked>();
  const implementation: WebhookActivities = {
    async attemptDelivery(asked) {
      const { script, attempts } = played.get(asked.deliveryId)!;
      attempts.push(asked);
      const line = script[asked.attempt - 1] ?? script.at(-1)!;
      const handle = client.workflow.getHandle<typeof webhookDeliveryWorkflow>(webhookWorkflowId(asked.deliveryId));
      const outcome = typeof line === 'string' ? line : await line(handle);
      return { outcome, detail: `it was ${outcome}` };
    },
    async beginAgain(ended) {
      played.get(ended.deliveryId)!.begunAgain.push(ended);
    },
  };
  const deliver: Deliver = async (...script) => {
    const deliveryId = randomUUID();
    const asked: Asked = { attempts: [], begunAgain: [] };
    played.set(deliveryId, { script, ...asked });
    const handle = await client.workflow.start<typeof webhookDeliveryWorkflow>('webhookDeliveryWorkflow', {
      workflowId: webhookWorkflowId(deliveryId),
      taskQueue: WEBHOOK_TASK_QUEUE,
      args: [{ deliveryId, round: 1 }],
    });
    return { handle, ...asked };
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
