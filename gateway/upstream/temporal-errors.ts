import {
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Refusal } from '../../platform/contract/refusal.ts';

/** The refusals of the workflows' validators, and `WorkflowEnded` if the workflow has ended. */
export type WorkflowRefusal =
  | 'TooLateToCancel'
  | 'InterventionClosed'
  | 'ActionNotAllowed'
  | 'AlreadyReceived'
  | 'NotInReturn'
  | 'WorkflowEnded'
  | ChangeRefusal;

/** Why a confirmed order was not changed. `ServiceUnavailable`: a service that this needs did not answer in time. */
export type ChangeRefusal =
  | 'TooLateToChange'
  | 'NotChangeableNow'
  | 'LinesDiffer'
  | 'TooMany'
  | 'NothingToResolve'
  | 'VersionChanged'
  | 'AddressUndeliverable'
  | 'OutOfStock'
  | 'CardDeclined'
  | 'InsufficientFunds'
  | 'PaymentNotCompleted'
  | 'ServiceUnavailable';

/** Temporal or the worker did not respond: the call may or may not have taken effect. */
export class TemporalFault extends Error {
  override readonly name = 'TemporalFault';
}

/** Translates Temporal's errors into refusals and faults, like those of a service. */
export function translated(error: unknown): unknown {
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
