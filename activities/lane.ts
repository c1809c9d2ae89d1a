import { z } from 'zod';

/**
 * How an order is carried from placed to confirmed. `durable`: each step is an activity on its service's task queue.
 * `local-first`: each step is first tried once at its service's door, and is durable where that does not succeed.
 * `express`: all of it is tried in one go, and where anything is amiss each step is durable, from the first.
 */
export const Lane = z.enum(['durable', 'local-first', 'express'], {
  error: 'must be durable, local-first or express',
});
export type Lane = z.infer<typeof Lane>;
