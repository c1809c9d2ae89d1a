import { z } from 'zod';

/** `rejected`: a service said no. `canceled`: a person said no. `requires_action`: a person must look. */
export const OrderStatus = z.enum(['pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action']);
export type OrderStatus = z.infer<typeof OrderStatus>;
export const PaymentStatus = z.enum([
  'not_paid',
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

export const RejectionCode = z.enum([
  'OutOfStock',
  'CardDeclined',
  'InsufficientFunds',
  'AddressUndeliverable',
  'ServiceUnavailable',
  'CartChanged',
]);
export type RejectionCode = z.infer<typeof RejectionCode>;
export const Rejection = z.object({ code: RejectionCode, detail: z.string() });
export type Rejection = z.infer<typeof Rejection>;

/** The saga's steps, as the history names them; an undo is an outcome of the step it undoes. */
export const Step = z.enum([
  'record',
  'takeLines',
  'reserveStock',
  'authorizePayment',
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
export const StepOutcome = z.enum(['started', 'succeeded', 'failed', 'compensated', 'compensation_failed']);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** One line of an order's story. `attempt` counts from 1 and is how many tries the outcome took. */
export const HistoryItem = z.object({
  at: z.iso.datetime(),
  step: Step,
  outcome: StepOutcome,
  attempt: z.int().min(1).optional(),
  detail: z.string().max(1000).optional(),
});
export type HistoryItem = z.infer<typeof HistoryItem>;

/**
 * `sequence` counts how often the step has had this outcome within one workflow. With those three it names the entry,
 * so that whoever carries the order on from where a dead worker left it neither repeats nor hides what that one told.
 */
export const HistoryEntry = HistoryItem.extend({ sequence: z.int().min(1) });
export type HistoryEntry = z.infer<typeof HistoryEntry>;
