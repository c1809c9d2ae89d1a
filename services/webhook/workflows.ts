import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { promptly } from '../../platform/temporal/client.ts';
import { customerIdAttribute } from '../../workflows/saga/messages.ts';
import {
  WEBHOOK_TASK_QUEUE,
  type WebhookDeliveryInput,
  retryNowSignal,
  webhookWorkflowId,
} from '../../workflows/webhook-delivery/messages.ts';
import type { webhookDeliveryWorkflow } from '../../workflows/webhook-delivery/workflow.ts';

/** Shown in the Temporal Web UI, and searchable there. */
export interface Labels {
  customerId: string;
  summary: string;
}

/** Starts, signals and inspects the workflows of deliveries. */
export interface DeliveryWorkflows {
  /** Returns true if this round's workflow is started, now or before; false while an earlier round's still runs. */
  start(input: WebhookDeliveryInput, labels: Labels): Promise<boolean>;
  /** Signals the workflow to retry at once; returns false if none is running. */
  retryNow(deliveryId: string): Promise<boolean>;
  /** The status with which this round's workflow closed; null while it runs, undefined if Temporal does not know it. */
  closeStatus(input: WebhookDeliveryInput): Promise<string | null | undefined>;
}

// In any other status, such as PAUSED, the workflow may continue.
const CLOSED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

export const createDeliveryWorkflows = (client: Client): DeliveryWorkflows => ({
  async start(input, { customerId, summary }) {
    const workflowId = webhookWorkflowId(input.deliveryId);
    try {
      await promptly(client, () =>
        client.workflow.start<typeof webhookDeliveryWorkflow>('webhookDeliveryWorkflow', {
          workflowId,
          taskQueue: WEBHOOK_TASK_QUEUE,
          // Rounds share a workflow id. If a round is started again after it has ended, it finds nothing left to send.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          args: [input],
          memo: { round: input.round },
          staticSummary: summary,
          typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const { memo } = await promptly(client, () => client.workflow.getHandle(workflowId).describe());
      return memo?.round === input.round;
    }
  },

  async retryNow(deliveryId) {
    try {
      await promptly(client, () => client.workflow.getHandle(webhookWorkflowId(deliveryId)).signal(retryNowSignal));
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  },

  async closeStatus({ deliveryId, round }) {
    try {
      const { memo, status } = await promptly(client, () =>
        client.workflow.getHandle(webhookWorkflowId(deliveryId)).describe(),
      );
      if (memo?.round !== round) return undefined;
      return CLOSED.has(status.name) ? status.name : null;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  },
});
