import { Counter, type Registry } from 'prom-client';
import type { AttemptOutcome } from '../../activities/webhook.ts';

export interface WebhookMetrics {
  attempted(outcome: AttemptOutcome['outcome']): void;
  /** A delivery has come to its end. */
  settled(outcome: 'delivered' | 'failed'): void;
}

export function webhookMetrics(registry: Registry): WebhookMetrics {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['outcome'] as const, registers: [registry] });
  const attempts = counter('webhook_attempts_total', 'Attempts to deliver a webhook, by outcome');
  const deliveries = counter('webhook_deliveries_total', 'Deliveries of webhooks that came to their end, by outcome');
  return {
    attempted: (outcome) => attempts.inc({ outcome }),
    settled: (outcome) => deliveries.inc({ outcome }),
  };
}
