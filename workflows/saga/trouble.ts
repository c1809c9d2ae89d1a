import { ActivityFailure, ApplicationFailure, TemporalFailure, isCancellation } from '@temporalio/workflow';
import type { Rejection, RejectionCode } from '../../activities/order-status.ts';

/** Why a step did not succeed, as the order's history says it. */
export interface Trouble {
  /** The code of a refusal, which is final; undefined for a fault or a cancellation. */
  refusal: string | undefined;
  detail: string;
  attempt: number | undefined;
}

/** Reads what a step threw. Rethrows bugs, so that a corrected deployment can resume the workflow. */
export function troubleOf(error: unknown): Trouble {
  if (isCancellation(error)) return { refusal: undefined, detail: 'called off', attempt: undefined };
  if (!(error instanceof TemporalFailure)) throw error;
  // A local activity's failure comes as it was thrown, a durable one's wrapped.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const failure = cause instanceof ApplicationFailure ? cause : undefined;
  const refusal = failure?.nonRetryable ? (failure.type ?? 'Refused') : undefined;
  const attempt = (failure?.details?.[0] as { attempt?: number } | undefined)?.attempt;
  // The customer reads this: what a library said of a fault stays in Temporal's history, for operators.
  return { refusal, detail: refusal ? `${refusal}: ${cause?.message ?? ''}` : 'no answer in time', attempt };
}

/** A refusal of which another workflow has told, as the step itself would throw it. */
export const refusalAgain = ({ refusal, detail, attempt = 1 }: Trouble): ApplicationFailure =>
  ApplicationFailure.create({
    message: detail.slice(`${refusal}: `.length),
    type: refusal ?? 'Refused',
    nonRetryable: true,
    details: [{ attempt }],
  });

const REJECTIONS = {
  OutOfStock: true,
  CardDeclined: true,
  InsufficientFunds: true,
  PaymentNotCompleted: true,
  AuthorizationExpired: true,
  AddressUndeliverable: true,
  ServiceUnavailable: true,
  CartChanged: true,
} satisfies Record<RejectionCode, true>;

/** Why an order is rejected. A refusal that the customer can do nothing about becomes ServiceUnavailable. */
export function rejectionOf({ refusal, detail }: Trouble): Rejection {
  const known = refusal !== undefined && refusal in REJECTIONS;
  return known
    ? { code: refusal as RejectionCode, detail: detail.slice(refusal.length + 2) }
    : { code: 'ServiceUnavailable', detail: 'a service that this order needs did not answer in time' };
}
