import { z } from 'zod';
import { StockLine } from './identity.ts';
import { Money } from './money.ts';
import { text } from './text.ts';

/** Why the shop gives money back. `canceled`: for pieces that were paid for and are not sent after all. */
export const RefundReason = z.enum([
  'requested_by_customer',
  'damaged',
  'not_delivered',
  'canceled',
  'goodwill',
  'duplicate',
  'other',
]);
export type RefundReason = z.infer<typeof RefundReason>;

/**
 * `refunded_manually`: the card processor refused, and a person has paid in another way. `not_refunded`: it refused, and a
 * person decided not to pay.
 */
export const RefundOutcome = z.enum(['refunded', 'refunded_manually', 'not_refunded']);
export type RefundOutcome = z.infer<typeof RefundOutcome>;
/** `failed`: the card processor had said yes, and could not pay it; another refund takes its place. */
export const RefundStatus = z.enum(['requested', ...RefundOutcome.options, 'failed']);
export type RefundStatus = z.infer<typeof RefundStatus>;

/** Money that is given back without a return: by staff, or by the order service itself. `lines` says for which pieces; null if for an amount. */
export const Refund = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  status: RefundStatus,
  amount: Money,
  lines: z.array(StockLine).nullable(),
  reason: RefundReason,
  note: z.string().nullable(),
  /** The id of the member of staff, or `order service`. */
  requestedBy: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Refund = z.infer<typeof Refund>;

/** What is given back: an amount, or the price of these pieces. */
export const RefundedPart = z.union([
  z.strictObject({ amount: Money.extend({ amountMinor: Money.shape.amountMinor.min(1) }) }),
  z.strictObject({ lines: z.array(StockLine).min(1).max(2000) }),
]);
export type RefundedPart = z.infer<typeof RefundedPart>;

export const DraftRefund = z.strictObject({
  /** Derived from the caller and the Idempotency-Key. */
  refundId: z.uuid(),
  orderId: z.uuid(),
  part: RefundedPart,
  /** Canceled pieces are refunded by the order service itself. */
  reason: RefundReason.exclude(['canceled']),
  note: text(1000).optional(),
  requestedBy: z.string(),
  /**
   * What may be refunded of this order by all requests with a limit together, in the major unit of its currency, such as
   * pounds. Absent: what is left.
   */
  limit: z.number().min(0).optional(),
});
export type DraftRefund = z.infer<typeof DraftRefund>;
