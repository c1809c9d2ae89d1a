import {
  type Client,
  WithStartWorkflowOperation,
  type WorkflowUpdateHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { ReceivedLine } from '../../activities/return.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { promptly } from '../../platform/temporal/client.ts';
import type { OrderStart } from '../../activities/order-placing.ts';
import {
  type ParcelMoved,
  type PaymentMoved,
  cancelUpdate,
  orderWorkflowId,
  parcelMovedSignal,
  paymentMovedSignal,
  startOptionsOf,
} from '../../workflows/order/messages.ts';
import {
  type DisputeInput,
  type DisputeMoved,
  disputeMovedSignal,
  disputeWorkflowId,
} from '../../workflows/dispute/messages.ts';
import type { disputeWorkflow } from '../../workflows/dispute/workflow.ts';
import { type FailedCaptureInput, failedCaptureWorkflowId } from '../../workflows/failed-capture/messages.ts';
import type { failedCaptureWorkflow } from '../../workflows/failed-capture/workflow.ts';
import { type FailedRefundInput, failedRefundWorkflowId } from '../../workflows/failed-refund/messages.ts';
import type { failedRefundWorkflow } from '../../workflows/failed-refund/workflow.ts';
import { type LatePaymentInput, latePaymentWorkflowId } from '../../workflows/late-payment/messages.ts';
import type { latePaymentWorkflow } from '../../workflows/late-payment/workflow.ts';
import { type ReturnInput, receiveReturnUpdate, returnWorkflowId } from '../../workflows/return/messages.ts';
import {
  ORDER_TASK_QUEUE,
  type Resolution,
  customerIdAttribute,
  resolveInterventionUpdate,
} from '../../workflows/saga/messages.ts';
import { type StrayParcelInput, strayParcelWorkflowId } from '../../workflows/stray-parcel/messages.ts';
import type { strayParcelWorkflow } from '../../workflows/stray-parcel/workflow.ts';
import type { orderWorkflow } from '../../workflows/order/workflow.ts';
import type { returnWorkflow } from '../../workflows/return/workflow.ts';
import { translated } from './temporal-errors.ts';

/** A change of a confirmed order: one of workflows/order/change-messages.ts, with what it is to change. */
export interface OrderChange<Request> {
  update: UpdateDefinition<void, [Request]>;
  request: Request;
}

// Another booking takes a second; the carrier or the bank may be slow. The change goes on if the caller does not wait for it.
const CHANGE_PATIENCE_MS = 15_000;

/** The gateway's calls to workflows. A repeat with the same `updateId` gets the first response. */
export type Workflows = ReturnType<typeof createWorkflows>;

/** Translates Temporal's errors into refusals and faults, like those of a service. */
export function createWorkflows(client: Client) {
  const call = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await promptly(client, work);
    } catch (error) {
      throw translated(error);
    }
  };
  /** Starts a workflow other than the order's own. Resolves to false if it was started before. */
  const startOnce = <Run extends (input: never) => Promise<unknown>>(
    type: string,
    { workflowId, input, summary, customerId }: Start<Parameters<Run>[0]>,
  ): Promise<boolean> =>
    startedNow(
      call(() =>
        client.workflow.start(type, {
          workflowId,
          taskQueue: ORDER_TASK_QUEUE,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [input],
          staticSummary: summary,
          typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
        }),
      ),
    );
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);

  return {
    /** Resolves to false if the workflow had been started before. */
    startOrder: (start: OrderStart): Promise<boolean> =>
      startedNow(call(() => client.workflow.start<typeof orderWorkflow>('orderWorkflow', startOptionsOf(start)))),

    startReturn: (input: ReturnInput, summary: string): Promise<boolean> =>
      startOnce<typeof returnWorkflow>('returnWorkflow', {
        workflowId: returnWorkflowId(input.returnId),
        input,
        summary,
        customerId: input.customerId,
      }),

    /** Asks a person about a parcel that moved although nobody expects it to. Resolves to false if that was asked before. */
    startStrayParcel: (input: StrayParcelInput, customerId: string): Promise<boolean> =>
      startOnce<typeof strayParcelWorkflow>('strayParcelWorkflow', {
        workflowId: strayParcelWorkflowId(input.parcelId ?? input.orderId),
        input,
        summary: `${input.reported}, but not expected: parcel of order ${input.orderId}`,
        customerId,
      }),

    /** Releases money that was held after the order was given up. Resolves to false if that was begun before. */
    startLatePayment: (input: LatePaymentInput, customerId: string): Promise<boolean> =>
      startOnce<typeof latePaymentWorkflow>('latePaymentWorkflow', {
        workflowId: latePaymentWorkflowId(input.orderId),
        input,
        summary: `confirmed too late: payment of order ${input.orderId}`,
        customerId,
      }),

    /** Asks a person about a refund that the processor could not pay. Resolves to false if that was asked before. */
    startFailedRefund: (input: FailedRefundInput, customerId: string): Promise<boolean> =>
      startOnce<typeof failedRefundWorkflow>('failedRefundWorkflow', {
        workflowId: failedRefundWorkflowId(input),
        input,
        summary: `not paid by the processor: refund of order ${input.orderId}`,
        customerId,
      }),

    /** Asks a person about money that the processor has taken back. Resolves to false if that was asked before. */
    startFailedCapture: (input: FailedCaptureInput, customerId: string): Promise<boolean> =>
      startOnce<typeof failedCaptureWorkflow>('failedCaptureWorkflow', {
        workflowId: failedCaptureWorkflowId(input.parcelId),
        input,
        summary: `taken back by the processor: capture of order ${input.orderId}`,
        customerId,
      }),

    /** The order's workflow may not have been started: then it is. Refuses `TooLateToCancel` and `WorkflowEnded`. */
    cancelOrder: (start: OrderStart, { reason, updateId }: { reason?: string | undefined; updateId: string }) =>
      call(() =>
        client.workflow.executeUpdateWithStart(cancelUpdate, {
          args: [reason === undefined ? {} : { reason }],
          updateId,
          startWorkflowOperation: new WithStartWorkflowOperation<typeof orderWorkflow>('orderWorkflow', {
            ...startOptionsOf(start),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        }),
      ),

    /**
     * The same for a change of a confirmed order. Resolves once it is made. Refuses what keeps it from being made: a
     * `ChangeRefusal`, a refusal of a service, or `WorkflowEnded`.
     */
    async changeOrder<Request>(start: OrderStart, { update, request }: OrderChange<Request>, updateId: string) {
      const made = await call(() =>
        client.workflow.startUpdateWithStart(update as UpdateDefinition<void, [unknown]>, {
          args: [request],
          updateId,
          waitForStage: 'ACCEPTED',
          startWorkflowOperation: new WithStartWorkflowOperation<typeof orderWorkflow>('orderWorkflow', {
            ...startOptionsOf(start),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        }),
      );
      await outcomeOf(client, made);
    },

    /** What came of a change by an order's workflow that may have ended. Refuses the same; `WorkflowEnded`: it never began. */
    outcomeOfChange: (orderId: string, updateId: string): Promise<void> =>
      outcomeOf(client, handle(orderWorkflowId(orderId)).getUpdateHandle(updateId)),

    /** The same. It ends the workflow's start delay, which a signal alone does not. Refuses `WorkflowEnded`. */
    parcelMoved: (start: OrderStart, moved: ParcelMoved) =>
      call(() =>
        client.workflow.signalWithStart<typeof orderWorkflow, [ParcelMoved]>('orderWorkflow', {
          ...startOptionsOf(start),
          signal: parcelMovedSignal,
          signalArgs: [moved],
        }),
      ),

    /** The same. */
    paymentMoved: (start: OrderStart, moved: PaymentMoved) =>
      call(() =>
        client.workflow.signalWithStart<typeof orderWorkflow, [PaymentMoved]>('orderWorkflow', {
          ...startOptionsOf(start),
          signal: paymentMovedSignal,
          signalArgs: [moved],
        }),
      ),

    /** The same for a workflow about a dispute. */
    disputeMoved: (input: DisputeInput, customerId: string) =>
      call(() =>
        client.workflow.signalWithStart<typeof disputeWorkflow, [DisputeMoved]>('disputeWorkflow', {
          workflowId: disputeWorkflowId(input.disputeId),
          taskQueue: ORDER_TASK_QUEUE,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [input],
          signal: disputeMovedSignal,
          signalArgs: [{}],
          staticSummary: `disputed by the card's holder: payment of order ${input.orderId}`,
          typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
        }),
      ),

    /** Refuses `InterventionClosed`, `ActionNotAllowed` and `WorkflowEnded`. */
    resolveIntervention: ({
      workflowId,
      resolution,
      updateId,
    }: {
      workflowId: string;
      resolution: Resolution;
      updateId: string;
    }) => call(() => handle(workflowId).executeUpdate(resolveInterventionUpdate, { args: [resolution], updateId })),

    /** Refuses `AlreadyReceived`, `NotInReturn` and `WorkflowEnded`. */
    receiveReturn: ({ returnId, lines, updateId }: { returnId: string; lines: ReceivedLine[]; updateId: string }) =>
      call(() =>
        handle(returnWorkflowId(returnId)).executeUpdate(receiveReturnUpdate, { args: [{ lines }], updateId }),
      ),
  };
}

interface Start<Input> {
  workflowId: string;
  input: Input;
  /** For the Temporal Web UI's list. */
  summary: string;
  customerId: string;
}

const startedNow = (start: Promise<unknown>): Promise<boolean> =>
  start.then(
    () => true,
    (error: unknown) => {
      // It may also run: a start is refused in the same way.
      if (error instanceof Refusal && error.code === 'WorkflowEnded') return false;
      throw error;
    },
  );

async function outcomeOf(client: Client, change: WorkflowUpdateHandle<void>): Promise<void> {
  try {
    await client.withDeadline(Date.now() + CHANGE_PATIENCE_MS, () => change.result());
  } catch (error) {
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw translated(error);
    // The workflow has accepted it and waits for another service.
    throw new ServiceFault('order', 'a change of an order', error);
  }
}
