import {
  type Client,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ReceivedLine } from '../../activities/return.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { promptly } from '../../platform/temporal/client.ts';
import type { OrderStart } from '../../activities/order-placing.ts';
import {
  type ParcelMoved,
  type PaymentMoved,
  cancelUpdate,
  parcelMovedSignal,
  paymentMovedSignal,
  startOptionsOf,
} from '../../workflows/order/messages.ts';
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

/** The refusals of the workflows' validators, and `WorkflowEnded` if the workflow has ended. */
export type WorkflowRefusal =
  'TooLateToCancel' | 'InterventionClosed' | 'ActionNotAllowed' | 'AlreadyReceived' | 'NotInReturn' | 'WorkflowEnded';

/** Temporal or the worker did not respond: the call may or may not have taken effect. */
export class TemporalFault extends Error {
  override readonly name = 'TemporalFault';
}

/** The gateway's calls to workflows. A repeat with the same `updateId` gets the first response. */
export type Workflows = ReturnType<typeof createWorkflows>;

/** Translates Temporal's errors into refusals and faults, like those of a service. */
export function createWorkflows(client: Client) {
  const call = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await promptly(client, work);
    } catch (error) {
      throw translate(error);
    }
  };
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);

  return {
    /** Resolves to false if the workflow had been started before. */
    startOrder: (start: OrderStart): Promise<boolean> =>
      startedNow(call(() => client.workflow.start<typeof orderWorkflow>('orderWorkflow', startOptionsOf(start)))),

    startReturn: (input: ReturnInput, summary: string): Promise<boolean> =>
      startedNow(
        call(() =>
          client.workflow.start<typeof returnWorkflow>('returnWorkflow', {
            workflowId: returnWorkflowId(input.returnId),
            taskQueue: ORDER_TASK_QUEUE,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            args: [input],
            staticSummary: summary,
            typedSearchAttributes: [{ key: customerIdAttribute, value: input.customerId }],
          }),
        ),
      ),

    /** Asks a person about a parcel that moved although nobody expects it to. Resolves to false if that was asked before. */
    startStrayParcel: (input: StrayParcelInput, customerId: string): Promise<boolean> =>
      startedNow(
        call(() =>
          client.workflow.start<typeof strayParcelWorkflow>('strayParcelWorkflow', {
            workflowId: strayParcelWorkflowId(input.parcelId ?? input.orderId),
            taskQueue: ORDER_TASK_QUEUE,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            args: [input],
            staticSummary: `${input.reported}, but not expected: parcel of order ${input.orderId}`,
            typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
          }),
        ),
      ),

    /** Releases money that was held after the order was given up. Resolves to false if that was begun before. */
    startLatePayment: (input: LatePaymentInput, customerId: string): Promise<boolean> =>
      startedNow(
        call(() =>
          client.workflow.start<typeof latePaymentWorkflow>('latePaymentWorkflow', {
            workflowId: latePaymentWorkflowId(input.orderId),
            taskQueue: ORDER_TASK_QUEUE,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            args: [input],
            staticSummary: `confirmed too late: payment of order ${input.orderId}`,
            typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
          }),
        ),
      ),

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
    paymentMoved: (start: OrderStart) =>
      call(() =>
        client.workflow.signalWithStart<typeof orderWorkflow, [PaymentMoved]>('orderWorkflow', {
          ...startOptionsOf(start),
          signal: paymentMovedSignal,
          signalArgs: [{}],
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

const startedNow = (start: Promise<unknown>): Promise<boolean> =>
  start.then(
    () => true,
    (error: unknown) => {
      // It may also run: a start is refused in the same way.
      if (error instanceof Refusal && error.code === 'WorkflowEnded') return false;
      throw error;
    },
  );

function translate(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    return new Refusal(error.cause.type ?? 'Unknown', error.cause.message, { cause: error });
  }
  // With a start, a workflow that has ended is one that cannot be started again.
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError) {
    return new Refusal<WorkflowRefusal>('WorkflowEnded', 'the workflow has ended', { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new TemporalFault(error.message, { cause: error });
  }
  // What an update-with-start fails of comes as the server's own error.
  const code = isGrpcServiceError(error) ? error.code : error instanceof ServiceError ? codeOf(error) : undefined;
  if (code === NOT_FOUND)
    return new Refusal<WorkflowRefusal>('WorkflowEnded', 'the workflow has ended', { cause: error });
  if (error instanceof Error && code !== undefined && code !== INVALID_ARGUMENT) {
    return new TemporalFault(error.message, { cause: error });
  }
  return error;
}

// gRPC status codes (https://grpc.io/docs/guides/status-codes/).
/** The request can never be accepted, which is a bug of ours and not a fault of Temporal. */
const INVALID_ARGUMENT = 3;
/** The workflow closed before it answered. */
const NOT_FOUND = 5;

const codeOf = ({ cause }: ServiceError): unknown => (cause as { code?: unknown } | undefined)?.code;
