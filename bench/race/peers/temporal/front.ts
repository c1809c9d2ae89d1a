import {
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { readTemporalPlace } from '../../../../platform/temporal/place.ts';
import { serveOrders } from '../front.ts';
import type { PlacedOrder } from '../order.ts';
import { decidedUpdate, parcelMovedSignal } from './messages.ts';
import type { orderLifeWorkflow, orderWorkflow } from './workflow.ts';

const workflowIdOf = (orderId: string): string => `order-${orderId}`;
const startOf = (order: PlacedOrder) => ({
  taskQueue: 'order',
  workflowId: workflowIdOf(order.orderId),
  args: [order] as [PlacedOrder],
});

/** Also after it has ended. */
const ONE_PER_ORDER = { workflowIdConflictPolicy: 'USE_EXISTING', workflowIdReusePolicy: 'REJECT_DUPLICATE' } as const;

await serveOrders(async () => {
  const { address, namespace } = readTemporalPlace(process.env);
  const { workflow } = new Client({ connection: await Connection.connect({ address }), namespace });
  return {
    // Starts the workflow and waits for its result. A client that asks again waits for the same workflow.
    async place(order) {
      const options = { ...startOf(order), ...ONE_PER_ORDER };
      await workflow.start<typeof orderWorkflow>('orderWorkflow', options).catch((error: unknown) => {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      });
      return workflow.getHandle<typeof orderWorkflow>(options.workflowId).result();
    },
    // A workflow that goes on has no result yet: it is started with an update that returns early.
    placeForLife: (order) =>
      workflow.executeUpdateWithStart(decidedUpdate, {
        startWorkflowOperation: new WithStartWorkflowOperation<typeof orderLifeWorkflow>('orderLifeWorkflow', {
          ...startOf(order),
          workflowIdConflictPolicy: 'FAIL',
        }),
      }),
    parcelMoved: (report) => workflow.getHandle(workflowIdOf(report.orderId)).signal(parcelMovedSignal, report),
  };
});
