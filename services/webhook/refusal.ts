import type { WebhookRefusal } from '../../activities/webhook.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

/** A refusal with one of the webhook contract's codes. */
export const refusal = (code: WebhookRefusal, message: string): Refusal<WebhookRefusal> => new Refusal(code, message);
