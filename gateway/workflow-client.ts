import {
  type Client,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ReceivedLine } from '../activities/return.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { promptly } from '../platform/temporal/client.ts';
import {
  type LaneMemo,
  type OrderInput,
  type ParcelMoved,
  cancelUpdate,
  orderWorkflowId,
  parcelMovedSignal,
} from '../workflows/order/messages.ts';
import { type ReturnInput, receiveReturnUpdate, returnWorkflowId } from '../workflows/return/messages.ts';
import {
  ORDER_TASK_QUEUE,
  type Resolution,
  customerIdAttribute,
  orderStatusAttribute,
  resolveInterventionUpdate,
} from '../workflows/saga/messages.ts';
import type { orderWorkflow } from '../workflows/order/workflow.ts';
import type { returnWorkflow } from '../workflows/return/workflow.ts';

/** What the workflows' validators may answer, and `WorkflowEnded` where there is no workflow to ask any more. */
export type WorkflowRefusal =
  'TooLateToCancel' | 'InterventionClosed' | 'AlreadyReceived' | 'NotInReturn' | 'WorkflowEnded';

/** Temporal, or the worker behind it, did not answer: what was asked may or may not have happened. */
export class TemporalFault extends Error {
  override readonly name = 'TemporalFault';
}

/** What the gateway asks of workflows. `updateId` names the asking: a repeat gets the first answer. */
export type Workflows = ReturnType<typeof createWorkflows>;

/** The one place where the gateway speaks Temporal: answers are refusals and faults like any service's. */
export function createWorkflows(client: Client) {
  const ask = async <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await promptly(client, work);
    } catch (error) {
      throw translated(error);
    }
  };
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);

  return {
    /** Whether this asking started it; false where it was started before. */
    startOrder: (input: OrderInput, { lane, summary }: LaneMemo & { summary: string }): Promise<boolean> =>
      firstTime(
        ask(() =>
          client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
            workflowId: orderWorkflowId(input.orderId),
            taskQueue: ORDER_TASK_QUEUE,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            args: [input],
            memo: { lane },
            staticSummary: summary,
            typedSearchAttributes: [
              { key: orderStatusAttribute, value: 'pending' },
              { key: customerIdAttribute, value: input.customerId },
            ],
          }),
        ),
      ),

    startReturn: (input: ReturnInput, summary: string): Promise<boolean> =>
      firstTime(
        ask(() =>
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

    /** Refuses `TooLateToCancel` and `WorkflowEnded`. */
    cancelOrder: ({ orderId, reason, updateId }: { orderId: string; reason?: string | undefined; updateId: string }) =>
      ask(() =>
        handle(orderWorkflowId(orderId)).executeUpdate(cancelUpdate, {
          args: [reason === undefined ? {} : { reason }],
          updateId,
        }),
      ),

    /** Refuses `WorkflowEnded`. */
    tellParcelMoved: (orderId: string, news: ParcelMoved) =>
      ask(() => handle(orderWorkflowId(orderId)).signal(parcelMovedSignal, news)),

    /** Refuses `InterventionClosed` and `WorkflowEnded`. */
    resolveIntervention: (asked: { workflowId: string; resolution: Resolution; updateId: string }) =>
      ask(() =>
        handle(asked.workflowId).executeUpdate(resolveInterventionUpdate, {
          args: [asked.resolution],
          updateId: asked.updateId,
        }),
      ),

    /** Refuses `AlreadyReceived`, `NotInReturn` and `WorkflowEnded`. */
    receiveReturn: ({ returnId, lines, updateId }: { returnId: string; lines: ReceivedLine[]; updateId: string }) =>
      ask(() => handle(returnWorkflowId(returnId)).executeUpdate(receiveReturnUpdate, { args: [{ lines }], updateId })),
  };
}

const firstTime = (started: Promise<unknown>): Promise<boolean> =>
  started.then(
    () => true,
    (error: unknown) => {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    },
  );

function translated(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    return new Refusal(error.cause.type ?? 'Unknown', error.cause.message, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new Refusal<WorkflowRefusal>('WorkflowEnded', 'this has come to its end', { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new TemporalFault(error.message, { cause: error });
  if (error instanceof ServiceError && codeOf(error) !== INVALID_ARGUMENT) {
    return new TemporalFault(error.message, { cause: error });
  }
  return error;
}

/** gRPC's status for a request that will never be accepted: that one is a bug of ours, whatever the weather. */
const INVALID_ARGUMENT = 3;

const codeOf = ({ cause }: ServiceError): unknown => (cause as { code?: unknown } | undefined)?.code;
