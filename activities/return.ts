import { z } from 'zod';
import { StockLine } from './identity.ts';
import { Money } from './money.ts';
import { text } from './text.ts';

/** Returned pieces and their condition. */
export const ReceivedLine = StockLine.extend({ condition: z.enum(['resellable', 'damaged']) });
export type ReceivedLine = z.infer<typeof ReceivedLine>;

/** `not_refunded`: received, and a person decided to skip the refund. `expired`: the goods did not arrive in time. */
export const ReturnStatus = z.enum(['requested', 'received', 'refunded', 'not_refunded', 'expired']);
export type ReturnStatus = z.infer<typeof ReturnStatus>;
/** A return: `lines` as requested, `received` as arrived. `refund` is null until the goods arrive. */
export const Return = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  customerId: z.uuid(),
  status: ReturnStatus,
  lines: z.array(StockLine),
  received: z.array(ReceivedLine),
  refund: Money.nullable(),
  reason: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Return = z.infer<typeof Return>;
export const DraftReturn = z.strictObject({
  /** Derived from the caller and the Idempotency-Key. */
  returnId: z.uuid(),
  orderId: z.uuid(),
  lines: z.array(StockLine).min(1).max(2000),
  reason: text(500),
});
export type DraftReturn = z.infer<typeof DraftReturn>;
export const ReturnRef = z.strictObject({ returnId: z.uuid() });
export type ReturnRef = z.infer<typeof ReturnRef>;
