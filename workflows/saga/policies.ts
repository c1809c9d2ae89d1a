import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

// How long the saga waits is the saga's decision, so it stands here and not with the services.

// Twice what a service's slowest statement may take.
const ATTEMPT_TIMEOUT = '10s';
// A restarted service is reached at once, and one that is down is not flooded.
const backoff = { initialInterval: '200ms', backoffCoefficient: 2 } as const;

/** How long a forward step waits for a service that is down; then the order is rejected and undone. */
export const FORWARD_LIMIT_MS = 5 * 60 * 1000;

export const forwardStep: ActivityOptions = {
  startToCloseTimeout: ATTEMPT_TIMEOUT,
  scheduleToCloseTimeout: FORWARD_LIMIT_MS,
  retry: { ...backoff, maximumInterval: '10s' },
  // A cancellation goes ahead at once; the compensation's tombstone stops the step that may still be running.
  cancellationType: 'TRY_CANCEL',
};

/** What must happen has no deadline: it is retried until the service responds. */
export const untilAnswered: ActivityOptions = {
  startToCloseTimeout: ATTEMPT_TIMEOUT,
  retry: { ...backoff, maximumInterval: '1m' },
};

/** Three quick attempts fit into one workflow task, so that a short fault costs no history event. */
export const quickBookkeeping: LocalActivityOptions = {
  startToCloseTimeout: '2s',
  retry: { ...backoff, maximumAttempts: 3 },
};

/**
 * All steps tried at once, in the lane `local-first`. Each step may take two seconds, recording and confirming as long as
 * the database lets them; together they take 20 to 200 ms. While local activities run, the workflow handles no update, not
 * even a cancellation, until the worker reports after 8 s that they still run.
 */
export const attemptAtOnce: LocalActivityOptions = {
  startToCloseTimeout: '12s',
  retry: { maximumAttempts: 1 },
  cancellationType: 'TRY_CANCEL',
};

/** The first try of one step in the lane `local-first`: of a step that the attempt at all of them did not reach. */
export const firstTry: LocalActivityOptions = {
  startToCloseTimeout: '2s',
  retry: { maximumAttempts: 1 },
  cancellationType: 'TRY_CANCEL',
};
