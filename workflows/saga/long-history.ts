import { workflowInfo } from '@temporalio/workflow';

// Temporal loads and keeps all of an execution's events. An order that begins again well below the limits that operations.md
// names has room for what happens until it can.
const MOST_EVENTS = 350;
const MOST_BYTES = 350 * 1024;
// An order of 2,000 lines may begin with as many bytes: it must get on before it begins once more.
const FEWEST_EVENTS = 50;

/** What one durable call costs: its own three events, three of the task that takes its answer, one that stores history. */
export const EVENTS_OF_A_CALL = 7;

/**
 * Whether this execution should not go on for long: the workflow begins again with a history of its own as soon as it can.
 * `room`: how many events may come before it can.
 */
export const hasLongHistory = (room = 0): boolean => {
  const { historyLength, historySize } = workflowInfo();
  return historyLength > MOST_EVENTS - room || (historySize > MOST_BYTES && historyLength > FEWEST_EVENTS);
};
