import { z } from 'zod';

/** `rejected`: a service refused a step. `canceled`: a person canceled it. `requires_action`: a person must decide. */
export const OrderStatus = z.enum(['pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action']);
export type OrderStatus = z.infer<typeof OrderStatus>;
/** `awaiting_customer`: the card's holder must confirm the payment. */
export const PaymentStatus = z.enum([
  'not_paid',
  'awaiting_customer',
  'authorized',
  'captured',
  'partially_refunded',
  'refunded',
  'canceled',
  'requires_action',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;
export const FulfillmentStatus = z.enum([
  'not_fulfilled',
  'booked',
  'shipped',
  'delivered',
  'partially_returned',
  'returned',
  'canceled',
]);
export type FulfillmentStatus = z.infer<typeof FulfillmentStatus>;

/** What an order's owner can do with it. `cancel`: also while it is being undone. `return`: some of its pieces. */
export const OrderAction = z.enum(['cancel', 'return']);
export type OrderAction = z.infer<typeof OrderAction>;

export const RejectionCode = z.enum([
  'OutOfStock',
  'CardDeclined',
  'InsufficientFunds',
  'PaymentNotCompleted',
  'AddressUndeliverable',
  'ServiceUnavailable',
  'CartChanged',
]);
export type RejectionCode = z.infer<typeof RejectionCode>;
export const Rejection = z.object({ code: RejectionCode, detail: z.string() });
export type Rejection = z.infer<typeof Rejection>;

/** The saga's steps, as named in the history. A compensation is an outcome of the step that it compensates. */
export const Step = z.enum([
  'record',
  'takeLines',
  'reserveStock',
  'authorizePayment',
  'forgoRefund',
  'recordManualRefund',
  'confirmPayment',
  'releasePayment',
  'bookShipment',
  'confirm',
  'cancel',
  'dispatch',
  'commitStock',
  'capturePayment',
  'deliver',
  'complete',
  'reject',
  'requestReturn',
  'receiveReturn',
  'restockReturn',
  'refundPayment',
]);
export type Step = z.infer<typeof Step>;
/** The steps from placed to confirmed that call another service. */
export const PlacingStep = Step.extract(['takeLines', 'reserveStock', 'authorizePayment', 'bookShipment']);
export type PlacingStep = z.infer<typeof PlacingStep>;
export const StepOutcome = z.enum(['started', 'succeeded', 'failed', 'compensated', 'compensation_failed']);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** One entry of an order's history. `attempt` is the number of attempts that the outcome took, from 1. */
export const HistoryItem = z.object({
  at: z.iso.datetime(),
  step: Step,
  outcome: StepOutcome,
  attempt: z.int().min(1).optional(),
  detail: z.string().max(1000).optional(),
});
export type HistoryItem = z.infer<typeof HistoryItem>;

/**
 * A history entry as a workflow sends it. `sequence` counts how often the step has had this outcome in the workflow.
 * Workflow, step, outcome and sequence identify the entry, so that an attempt that resumes after a lost one neither
 * repeats nor replaces its entries.
 */
export const HistoryEntry = HistoryItem.extend({ sequence: z.int().min(1) });
export type HistoryEntry = z.infer<typeof HistoryEntry>;
