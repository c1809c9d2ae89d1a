import { z } from 'zod';
import { HistoryItem } from './order-status.ts';

/** The request of followMoves. */
export const FollowMoves = z.strictObject({
  /** The `next` of the last response. Null: from now on. */
  after: z.int().nullable(),
  /** The longest time to wait for a new entry before responding without one. */
  patienceMs: z.int().min(0).max(30_000),
});
export type FollowMoves = z.infer<typeof FollowMoves>;
/** The orders with new history entries. */
export const ChangedOrders = z.object({
  orderIds: z.array(z.uuid()),
  /** A position in the history of all orders, for the next request's `after`. */
  next: z.int(),
  /** True if entries may have been missed: `after` was null, or is beyond the end of this history. */
  restarted: z.boolean(),
});
export type ChangedOrders = z.infer<typeof ChangedOrders>;
/** The request of followStory. `after` is the position of the last entry that the caller has; 0 for none. */
export const FollowStory = z.strictObject({ orderId: z.uuid(), after: z.int().min(0) });
export type FollowStory = z.infer<typeof FollowStory>;
/** A part of an order's history. */
export const HistoryPage = z.object({
  /** Ascending `position`, with gaps. */
  items: z.array(HistoryItem.extend({ position: z.int() })),
  /** Further entries are available now. */
  more: z.boolean(),
  /** The order cannot change any more, and its history ends with this page. */
  ended: z.boolean(),
});
export type HistoryPage = z.infer<typeof HistoryPage>;
