import { z } from 'zod';

/**
 * How an order gets from placed to confirmed. The guarantees are the same.
 * `durable`: each step is an activity on its service's task queue.
 * `local-first`: each step is tried once over its service's HTTP API, and becomes durable if that fails.
 * `express`: all steps are tried in a single activity. If one fails, every step runs again as a durable activity.
 */
export const Lane = z.enum(['durable', 'local-first', 'express'], {
  error: 'must be durable, local-first or express',
});
export type Lane = z.infer<typeof Lane>;
