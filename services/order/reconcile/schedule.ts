import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { type Background, keepTrying } from '../../../platform/background.ts';
import type { Logger } from '../../../platform/telemetry/logger.ts';
import { RECONCILIATION_ID } from '../../../workflows/reconciliation/messages.ts';
import type { reconciliationWorkflow } from '../../../workflows/reconciliation/workflow.ts';
import { ORDER_TASK_QUEUE } from '../../../workflows/saga/messages.ts';

export interface ScheduleOptions {
  client: Client;
  /** 0: never. */
  everyMinutes: number;
  logger: Logger;
}

const RETRY_MS = 5_000;
// A call takes some 20 ms. A process that ends while the server is away waits for it.
const CALL_TIMEOUT_MS = 5_000;
const MINUTE_MS = 60_000;
// A comparison that was missed by more than this is not made up for: the next one finds the same.
const CATCH_UP_MS = MINUTE_MS;
// A tenth of the interval, so that several platforms on one machine do not all begin at the full hour.
const JITTER = 0.1;

/**
 * Sets the schedule of the reconciliation up as the settings say, until that has succeeded once: a process starts without
 * Temporal.
 */
export const keepSchedule = ({ client, everyMinutes, logger }: ScheduleOptions): Background =>
  keepTrying(() => setSchedule(client, everyMinutes), {
    everyMs: RETRY_MS,
    failing: 'could not set up the schedule of the reconciliation',
    logger,
  });

/**
 * Creates, changes or deletes the schedule. Safe to run in several processes at once: all of them write the same. Whether
 * a person has paused it stays as it is.
 */
export async function setSchedule(client: Client, everyMinutes: number): Promise<void> {
  const handle = client.schedule.getHandle(RECONCILIATION_ID);
  if (everyMinutes === 0) {
    await soon(client, () => handle.delete()).catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
    return;
  }
  const plan = planOf(everyMinutes);
  try {
    await soon(client, () => client.schedule.create({ scheduleId: RECONCILIATION_ID, ...plan }));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await soon(client, () => handle.update(({ state }) => ({ ...plan, state })));
  }
}

const soon = <Result>(client: Client, call: () => Promise<Result>): Promise<Result> =>
  client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);

const planOf = (everyMinutes: number) => ({
  spec: { intervals: [{ every: everyMinutes * MINUTE_MS }], jitter: everyMinutes * MINUTE_MS * JITTER },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS },
  action: {
    type: 'startWorkflow' as const,
    workflowType: 'reconciliationWorkflow',
    workflowId: RECONCILIATION_ID,
    taskQueue: ORDER_TASK_QUEUE,
    args: [{}] as Parameters<typeof reconciliationWorkflow>,
  },
});
