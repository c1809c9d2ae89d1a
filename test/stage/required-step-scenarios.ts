import { randomUUID } from 'node:crypto';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { cancelUpdate } from '../../workflows/order/messages.ts';
import { type RequiredStepInput, requiredStepId } from '../../workflows/required-step/messages.ts';
import type { requiredStepWorkflow } from '../../workflows/required-step/workflow.ts';
import { refuse, refuseOnce } from './faults.ts';
import { canceledWith, openIntervention, resolve } from './order-actions.ts';
import { waitingOrder } from './parcel-actions.ts';
import type { Scenario, Scenarios } from './scenario.ts';
import type { Fault, TestOrder, TestWorkers } from './test-workers.ts';

// More than fit into one history.
const RETRIES = 25;

/** Every end of the workflow of a required step, and the workflows that are too long to ask by themselves. */
export const REQUIRED_STEP_SCENARIOS: Scenarios = {
  'required-step-retried': required(refuseOnce, 'retry'),
  'required-step-skipped': required(refuse('VoidRefused'), 'skip'),
  'required-step-settled-by-a-refusal': required(refuse('AlreadyCaptured'), 'retry'),
  'order-leaves-a-step-to-another-workflow': leftToAnother('retry'),
  'order-skips-a-step-in-another-workflow': leftToAnother('skip'),
  'stray-parcel-begins-again': async (workers) => {
    const order = await canceledWith(workers, { trackShipment: refuse('ShipmentNotFound') });
    await order.handle.result();
    const stray = await workers.reportStray(order);
    for (let retries = 0; retries < RETRIES; retries += 1) await answer(workers, order, 'dispatch', 'retry');
    await answer(workers, order, 'dispatch', 'skip');
    await stray.result();
    return workers.client.workflow.getHandle(stray.workflowId, stray.firstExecutionRunId);
  },
};

/** A step of an order that has asked a person before. */
function required(fault: Fault, action: InterventionAction): Scenario {
  return async (workers) => {
    const order = await waitingOrder(workers, { voidPayment: fault });
    const { orderId } = order;
    const input: RequiredStepInput = {
      orderId,
      step: 'authorizePayment',
      calls: [{ service: 'payment', activity: 'voidPayment', request: { orderId } }],
      does: 'undo',
      unless: 'AlreadyCaptured',
      trouble: { detail: 'VoidRefused: not now', refusal: 'VoidRefused', attempt: 1 },
      paymentStatus: 'requires_action',
    };
    const handle = await workers.client.workflow.start<typeof requiredStepWorkflow>('requiredStepWorkflow', {
      workflowId: requiredStepId(order.handle.workflowId, randomUUID()),
      taskQueue: 'order',
      args: [input],
    });
    await answer(workers, order, 'authorizePayment', action);
    if (fault === refuseOnce) await answer(workers, order, 'authorizePayment', action);
    await handle.result();
    await order.handle.terminate();
    return handle;
  };
}

/** A canceled order whose history was long before a person was asked about its payment: another workflow asks. */
export async function askedElsewhere(workers: TestWorkers, voidPayment: Fault): Promise<TestOrder> {
  const order = await waitingOrder(workers, { voidPayment });
  // News of parcels of others: each costs four events.
  for (;;) {
    const { historyLength } = await order.handle.describe();
    if (historyLength >= 330) break;
    await order.moved('dispatched', randomUUID());
  }
  await order.handle.executeUpdate(cancelUpdate, { args: [{}] });
  return order;
}

function leftToAnother(action: InterventionAction): Scenario {
  return async (workers) => {
    const order = await askedElsewhere(workers, action === 'retry' ? refuseOnce : refuse('VoidRefused'));
    await answer(workers, order, 'authorizePayment', action);
    await order.handle.result();
    return order.handle;
  };
}

async function answer({ client }: TestWorkers, order: TestOrder, step: string, action: InterventionAction) {
  const id = await openIntervention(order, step);
  await resolve(client.workflow.getHandle(order.world.interventions.get(id)!.workflowId), id, action);
}
