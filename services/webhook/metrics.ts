import { Counter, type Registry } from 'prom-client';
import type { AttemptOutcome } from '../../activities/webhook.ts';

export interface WebhookMetrics {
  attemptEnded(outcome: AttemptOutcome['outcome']): void;
  deliveryEnded(outcome: 'delivered' | 'failed'): void;
}

export function webhookMetrics(registry: Registry): WebhookMetrics {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['outcome'] as const, registers: [registry] });
  const attempts = counter('webhook_attempts_total', 'Webhook delivery attempts, by outcome');
  const deliveries = counter('webhook_deliveries_total', 'Webhook deliveries that have ended, by outcome');
  return {
    attemptEnded: (outcome) => attempts.inc({ outcome }),
    deliveryEnded: (outcome) => deliveries.inc({ outcome }),
  };
}
