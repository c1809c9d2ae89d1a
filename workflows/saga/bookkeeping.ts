import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import { ORDER_TASK_QUEUE } from './messages.ts';
import { summaryOf } from './summaries.ts';
import { troubleOf } from './trouble.ts';
import { quickBookkeeping, untilAnswered } from './policies.ts';

interface Activity {
  executeWithOptions(options: { summary: string }, request: [unknown]): Promise<unknown>;
}
type Activities = Readonly<Record<string, Activity>>;

const quick = proxyLocalActivities(quickBookkeeping) as unknown as Activities;
const durable = proxyActivities({ ...untilAnswered, taskQueue: ORDER_TASK_QUEUE }) as unknown as Activities;

/**
 * The order service's own record of the order. A local activity, since the order service's worker runs this workflow.
 * Where its database does not respond at once it becomes a durable activity, which waits without filling the history.
 */
export const bookkeeping = new Proxy({} as OrderActivities, {
  get: (_target, name: string) => async (request: unknown) => {
    const summary = summaryOf(name, request);
    try {
      return await quick[name]!.executeWithOptions({ summary }, [request]);
    } catch (error) {
      // A refusal is final.
      if (isCancellation(error) || troubleOf(error).refusal) throw error;
      return durable[name]!.executeWithOptions({ summary }, [request]);
    }
  },
});
