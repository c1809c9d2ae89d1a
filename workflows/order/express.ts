import { proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { HistoryEntry } from '../../activities/order-status.ts';
import { allSteps } from '../saga/policies.ts';
import { lane } from '../saga/step-services.ts';
import { summaryOf } from '../saga/summaries.ts';
import { troubleOf } from '../saga/trouble.ts';
import type { OrderInput } from './messages.ts';

/** The express lane: one local activity of the order service's worker. */
export interface ExpressActivities {
  /** Records the order, takes every step once and confirms it, unless it was recorded before. */
  placeInOneGo(asked: { workflowId: string; input: OrderInput }): Promise<ExpressResult>;
}

/** How far the express lane came. */
export interface ExpressResult {
  /** Whether it was the first to record the order. False: it did nothing, and an earlier run may have done anything. */
  first: boolean;
  /** Whether the order is confirmed, and `entries` are stored. */
  confirmed: boolean;
  /** What was done, up to the last step or to the one that did not succeed. */
  entries: HistoryEntry[];
}

/** Places and confirms the order in one local activity. Undefined in the other lanes, and where its outcome is unknown. */
export async function placeExpress(input: OrderInput): Promise<ExpressResult | undefined> {
  if (lane() !== 'express') return undefined;
  const { placeInOneGo } = proxyLocalActivities<ExpressActivities>(allSteps);
  try {
    const { workflowId } = workflowInfo();
    const options = { summary: summaryOf('placeInOneGo', input) };
    return await placeInOneGo.executeWithOptions(options, [{ workflowId, input }]);
  } catch (error) {
    troubleOf(error);
    return undefined;
  }
}
