import { isCancellation, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { HistoryEntry } from '../../activities/order-status.ts';
import { attemptAtOnce } from '../saga/policies.ts';
import { summaryOf } from '../saga/summaries.ts';
import type { TriedSteps } from '../saga/tried-step.ts';
import { troubleOf } from '../saga/trouble.ts';
import type { LaneMemo, OrderInput } from './messages.ts';

/** A local activity of the order service's worker. */
export interface FirstAttemptActivities {
  /**
   * Records the order, takes each step once and confirms the order; stops at the first step that does not succeed. Does
   * nothing to an order that was recorded before.
   */
  placeAtOnce(request: FirstAttemptRequest): Promise<FirstAttempt>;
}

/** `entries`: of the order's recording. */
export interface FirstAttemptRequest extends OrderUpdate {
  input: OrderInput;
}

/**
 * `recorded before`: an earlier attempt may have done anything. `confirmed`: with the history entries, which are stored.
 * `stopped`: recorded, and what became of the steps that were tried.
 */
export type FirstAttempt =
  | { outcome: 'recorded before' }
  | { outcome: 'confirmed'; entries: HistoryEntry[]; promisedBy?: string }
  | { outcome: 'stopped'; tried: TriedSteps };

/** Throws at anything else: where versions are mixed, the history may have the response of another activity here. */
export function firstAttemptOf(made: FirstAttempt | undefined): FirstAttempt {
  if (made && ['recorded before', 'confirmed', 'stopped'].includes(made.outcome)) return made;
  throw new Error('the response of placeAtOnce is not one of a first attempt');
}

const activities = proxyLocalActivities<FirstAttemptActivities>(attemptAtOnce);

/**
 * The first attempt of the lane `local-first`. Undefined in an execution of another lane, or from before there was such an
 * attempt; and where no response comes: then recording the order tells whether the attempt had begun. An attempt that
 * begins later finds the order recorded, and does nothing.
 */
export async function placeAtOnce(request: FirstAttemptRequest): Promise<FirstAttempt | undefined> {
  if (!(workflowInfo().memo as Partial<LaneMemo> | undefined)?.atOnce) return undefined;
  const options = { summary: summaryOf('placeAtOnce', request.input) };
  try {
    return firstAttemptOf(await activities.placeAtOnce.executeWithOptions(options, [request]));
  } catch (error) {
    // Throws bugs. A cancellation is met again by the first step.
    if (!isCancellation(error)) troubleOf(error);
    return undefined;
  }
}
