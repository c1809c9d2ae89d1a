import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Lane } from '../../activities/lane.ts';
import { cartChangedSignal, cartReminderId } from '../../workflows/cart-reminder/messages.ts';
import type { cartReminderWorkflow } from '../../workflows/cart-reminder/workflow.ts';
import { RECONCILIATION_ID } from '../../workflows/reconciliation/messages.ts';
import type { reconciliationWorkflow } from '../../workflows/reconciliation/workflow.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/saga/messages.ts';
import { DURABLE_ORDER_SCENARIOS, LANE_SCENARIOS } from './order-scenarios.ts';
import { PARCEL_SCENARIOS } from './parcel-scenarios.ts';
import { REQUIRED_STEP_SCENARIOS } from './required-step-scenarios.ts';
import { RETURN_SCENARIOS } from './return-scenarios.ts';
import type { Scenario, Scenarios } from './scenario.ts';
import type { TestWorkers } from './test-workers.ts';
import { type Line, askedMeanwhile } from './test-webhook-worker.ts';

/** Every end state and branch of the workflows. The replay test requires a recorded history of each. */
export const SCENARIOS: Scenarios = {
  ...DURABLE_ORDER_SCENARIOS,
  ...PARCEL_SCENARIOS,
  ...RETURN_SCENARIOS,
  ...REQUIRED_STEP_SCENARIOS,
  ...inLane('local-first'),
  ...inLane('express'),
  'cart-reminder-told': reminded(false),
  'cart-reminder-emptied': reminded(true),
  reconciled,
  'webhook-delivered': delivered('delivered'),
  'webhook-delivered-after-retries': delivered('failed', 'failed', 'delivered'),
  'webhook-failed': delivered('failed'),
  'webhook-gone': delivered('failed', 'gone'),
  'webhook-moot': delivered('moot'),
  'webhook-retried-by-a-person': delivered(askedMeanwhile, 'delivered'),
  'webhook-begins-again': delivered(...Array<Line>(9).fill('failed'), askedMeanwhile),
};

async function reconciled({ client }: TestWorkers): Promise<WorkflowHandle> {
  const handle = await client.workflow.start<typeof reconciliationWorkflow>('reconciliationWorkflow', {
    workflowId: `${RECONCILIATION_ID}-${randomUUID()}`,
    taskQueue: ORDER_TASK_QUEUE,
    args: [{}],
  });
  await handle.result();
  return handle;
}

function inLane(lane: Lane): Scenarios {
  return Object.fromEntries(
    Object.entries(LANE_SCENARIOS).map(([name, run]): [string, Scenario] => [
      `${name}-${lane}`,
      (workers) => run(workers.inLane(lane)),
    ]),
  );
}

function delivered(...script: Line[]): Scenario {
  return async (workers) => {
    const { handle } = await workers.deliver(...script);
    await handle.result();
    return handle;
  };
}

/** A cart that was changed, and then left alone or emptied. */
function reminded(emptied: boolean): Scenario {
  return async ({ client }) => {
    const customerId = randomUUID();
    const remindAt = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();
    const handle = await client.workflow.start<typeof cartReminderWorkflow>('cartReminderWorkflow', {
      workflowId: cartReminderId(customerId),
      // Only this queue's test worker runs workflows; the history does not depend on the queue.
      taskQueue: ORDER_TASK_QUEUE,
      args: [{ customerId, latest: { version: 1, empty: false, remindAt } }],
    });
    await handle.signal(cartChangedSignal, { version: 2, empty: emptied, remindAt });
    await handle.result();
    return handle;
  };
}
