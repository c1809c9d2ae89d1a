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

/** What the Temporal Web UI shows and finds a delivery by. */
export interface Labels {
  customerId: string;
  summary: string;
}

/** What this service asks of its workflows. */
export interface DeliveryWorkflows {
  /** Whether this round's workflow has been started, now or before; false where an earlier round's is still ending. */
  start(input: WebhookDeliveryInput, labels: Labels): Promise<boolean>;
  /** False where no workflow carries it any more. */
  retryNow(deliveryId: string): Promise<boolean>;
  /** How this round's workflow ended: null while it runs, undefined where Temporal knows none. */
  endOf(input: WebhookDeliveryInput): Promise<string | null | undefined>;
}

// In every other state, paused is one of them, there is more to come.
const ENDS: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

export const createDeliveryWorkflows = (client: Client): DeliveryWorkflows => ({
  async start(input, { customerId, summary }) {
    const workflowId = webhookWorkflowId(input.deliveryId);
    try {
      await promptly(client, () =>
        client.workflow.start<typeof webhookDeliveryWorkflow>('webhookDeliveryWorkflow', {
          workflowId,
          taskQueue: WEBHOOK_TASK_QUEUE,
          // A later round takes the name of one that has ended. Started twice, a round that has ended finds that there
          // is nothing left to send.
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

  async endOf({ deliveryId, round }) {
    try {
      const { memo, status } = await promptly(client, () =>
        client.workflow.getHandle(webhookWorkflowId(deliveryId)).describe(),
      );
      if (memo?.round !== round) return undefined;
      return ENDS.has(status.name) ? status.name : null;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  },
});
