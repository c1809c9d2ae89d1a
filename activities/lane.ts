import { z } from 'zod';

/**
 * How an order gets from placed to confirmed. The guarantees are the same.
 * `durable`: each step is an activity on its service's task queue.
 * `local-first`: each step is tried once over its service's HTTP API, and becomes durable if that fails.
 * `express`: the order service tries all steps itself and starts the workflow of the confirmed order afterwards. If one
 * fails, the workflow starts at once, and runs every step again as a durable activity.
 */
export const Lane = z.enum(['durable', 'local-first', 'express'], {
  error: 'must be durable, local-first or express',
});
export type Lane = z.infer<typeof Lane>;
