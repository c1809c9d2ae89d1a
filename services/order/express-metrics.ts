import { Counter, Gauge, type Registry } from 'prom-client';
import type { AttemptBound } from './attempt-bound.ts';

/** Metrics of the lane `express`. Returns the function that counts an attempt by its outcome. */
export function expressMetrics(registry: Registry, bound: AttemptBound): (outcome: 'confirmed' | 'taken_over') => void {
  const attempts = new Counter({
    name: 'express_attempts_total',
    help: 'Attempts to confirm an order at once, by whether they did or the saga took the order over',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('express_attempts_running', 'Attempts under way', () => bound.running);
  gauge('express_attempts_waiting', 'Orders that wait for their attempt', () => bound.waiting);
  gauge('express_attempts_limit', 'How many attempts may be under way at once', () => bound.limit);
  return (outcome) => attempts.inc({ outcome });
}
