import { defineSignal } from '@temporalio/workflow';
import { plainText } from '../display/markdown.ts';
import { type Parser, integer, record } from '../incoming/parsing.ts';
import { uuid } from '../incoming/values.ts';

/** What the workflow of a webhook's delivery is started with. */
export interface WebhookDeliveryInput {
  deliveryId: string;
  /** A delivery that has ended may be started again, as the next round. */
  round: number;
}
export const webhookDeliveryInput: Parser<WebhookDeliveryInput> = record(
  { deliveryId: uuid, round: integer({ min: 1 }) },
  { others: 'left out' },
);

/** The task queue on which the webhook service's worker runs its deliveries. */
export const WEBHOOK_TASK_QUEUE = 'webhook';

/** One delivery, one workflow at a time. */
export const webhookWorkflowId = (deliveryId: string): string => `webhook-${deliveryId}`;

/** The workflow's summary in the Temporal Web UI, which is Markdown. The host is the customer's. */
export const deliverySummary = (type: string, host: string): string => `${type} to ${plainText(host)}`;

/** A person does not want to wait for the next attempt. It has no input; what comes with it is not read. */
export const retryNowSignal = defineSignal('retryNow');
