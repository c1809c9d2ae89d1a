import { workflowInfo } from '@temporalio/workflow';

// Temporal loads and keeps all of an execution's events. An order that begins again well below the limits that operations.md
// names has room for what happens until it can.
const MOST_EVENTS = 350;
const MOST_BYTES = 350 * 1024;

/** Whether the order begins again with a history of its own, as soon as it can. */
export const hasLongHistory = (): boolean => {
  const { historyLength, historySize } = workflowInfo();
  return historyLength > MOST_EVENTS || historySize > MOST_BYTES;
};
