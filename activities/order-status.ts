import { z } from 'zod';

/** `rejected`: a service refused a step. `canceled`: a person canceled it. `requires_action`: a person must decide. */
export const OrderStatus = z.enum(['pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action']);
export type OrderStatus = z.infer<typeof OrderStatus>;
/**
 * `awaiting_customer`: the card's holder must confirm the payment, or name another method. `partially_captured`: for some
 * parcels.
 */
export const PaymentStatus = z.enum([
  'not_paid',
  'awaiting_customer',
  'authorized',
  'partially_captured',
  'captured',
  'partially_refunded',
  'refunded',
  'canceled',
  'requires_action',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;
/** `partially_`: some parcels. `lost`, `returned_to_sender`: at least one parcel, until staff decides about it. */
export const FulfillmentStatus = z.enum([
  'not_fulfilled',
  'booked',
  'partially_shipped',
  'shipped',
  'lost',
  'returned_to_sender',
  'partially_delivered',
  'delivered',
  'partially_returned',
  'returned',
  'canceled',
]);
export type FulfillmentStatus = z.infer<typeof FulfillmentStatus>;

/**
 * What an order's owner can do with it. `cancel`: all of it, also while it is being undone. `cancel_lines`:
 * some of its pieces have not left; `change_address`: none has. `name_payment_method`: it waits for another one. `return`: some of its pieces.
 */
export const OrderAction = z.enum(['cancel', 'cancel_lines', 'change_address', 'name_payment_method', 'return']);
export type OrderAction = z.infer<typeof OrderAction>;

export const RejectionCode = z.enum([
  'OutOfStock',
  'CardDeclined',
  'InsufficientFunds',
  'PaymentNotCompleted',
  'AuthorizationExpired',
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
  'recapturePayment',
  'forgoCapture',
  'recordManualCapture',
  'dispute',
  'confirmPayment',
  'releasePayment',
  'bookShipment',
  'unbookShipment',
  'rebookShipment',
  'confirm',
  'cancel',
  'split',
  'changeAddress',
  'cancelLines',
  'releaseLines',
  'renewHold',
  'releaseReplacedHolds',
  'changePaymentMethod',
  'dispatch',
  'commitStock',
  'capturePayment',
  'releaseRest',
  'parcelTrouble',
  'resolveParcel',
  'reserveParcel',
  'releaseParcel',
  'restockParcel',
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
