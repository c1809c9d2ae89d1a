import type { InterventionAction } from './order-bookkeeping.ts';
import type { Step } from './order-status.ts';

// Apart from the shapes of interventions, so that a workflow can import it: it must not bundle zod.

const RETRY_OR_SKIP = ['retry', 'skip'] as const;

/**
 * The steps about which workflows ask a person, and what may be decided: what workflows accept and what people are shown.
 * Of the steps before the confirmation it is the compensation that was refused.
 */
export const DECISIONS = {
  takeLines: RETRY_OR_SKIP,
  reserveStock: RETRY_OR_SKIP,
  authorizePayment: RETRY_OR_SKIP,
  bookShipment: RETRY_OR_SKIP,
  // The order cannot go on with a parcel of which nobody knows whether it leaves, nor without the pieces in it.
  unbookShipment: ['retry'],
  rebookShipment: ['retry'],
  capturePayment: RETRY_OR_SKIP,
  commitStock: RETRY_OR_SKIP,
  releasePayment: RETRY_OR_SKIP,
  restockReturn: RETRY_OR_SKIP,
  refundPayment: ['retry', 'skip', 'refund_manually'],
  // The books do not agree with the decision about the money: only a corrected state helps.
  forgoRefund: ['retry'],
  recordManualRefund: ['retry'],
  recapturePayment: ['retry', 'skip', 'collect_manually'],
  forgoCapture: ['retry'],
  recordManualCapture: ['retry'],
  // It is answered at the card processor.
  dispute: ['skip'],
  dispatch: RETRY_OR_SKIP,
  releaseLines: RETRY_OR_SKIP,
  releaseRest: RETRY_OR_SKIP,
  releaseReplacedHolds: RETRY_OR_SKIP,
  reserveParcel: RETRY_OR_SKIP,
  restockParcel: RETRY_OR_SKIP,
  // Nothing was refused, so nothing can be tried again.
  parcelTrouble: ['skip'],
} as const satisfies Partial<Record<Step, readonly InterventionAction[]>>;

export type AskedStep = keyof typeof DECISIONS;

// Without a capture there are no books to enter a refund into.
const NOT_CAPTURED = 'NotCaptured:';

/** What may be decided about this step, which was refused for this reason. */
export const decisionsAbout = (step: AskedStep, reason: string): readonly InterventionAction[] =>
  DECISIONS[step].filter((action) => action !== 'refund_manually' || !reason.startsWith(NOT_CAPTURED));
