import { webhookMessages } from '../../activities/webhook-message.ts';
import type { WebhookEventType } from '../../activities/webhook.ts';

/** Serializes a webhook's body once, because the signature covers these bytes. */
export const bodyOf = (type: WebhookEventType, { time, data }: { time: string; data: unknown }): string =>
  JSON.stringify(webhookMessages[type].parse({ type, timestamp: time, data }));
