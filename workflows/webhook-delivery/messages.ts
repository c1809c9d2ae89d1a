import { defineSignal } from '@temporalio/workflow';

/** What the workflow of a webhook's delivery is started with. */
export interface WebhookDeliveryInput {
  deliveryId: string;
  /** A delivery that has ended may be started again, as the next round. */
  round: number;
}

/** The task queue on which the webhook service's worker runs its deliveries. */
export const WEBHOOK_TASK_QUEUE = 'webhook';

/** One delivery, one workflow at a time. */
export const webhookWorkflowId = (deliveryId: string): string => `webhook-${deliveryId}`;

/** A person does not want to wait for the next attempt. */
export const retryNowSignal = defineSignal('retryNow');
