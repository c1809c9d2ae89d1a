import { z } from 'zod';
import { HistoryItem } from './order-status.ts';

export const FollowMoves = z.strictObject({
  /** The last answer's `next`. Null: from now on. */
  after: z.int().nullable(),
  patienceMs: z.int().min(0).max(30_000),
});
export type FollowMoves = z.infer<typeof FollowMoves>;
export const Moves = z.object({
  orderIds: z.array(z.uuid()),
  next: z.int(),
  /** What happened up to now may have been missed. */
  restarted: z.boolean(),
});
export type Moves = z.infer<typeof Moves>;
export const FollowStory = z.strictObject({ orderId: z.uuid(), after: z.int().min(0) });
export type FollowStory = z.infer<typeof FollowStory>;
export const Story = z.object({
  /** `position` grows along a story, with gaps. */
  items: z.array(HistoryItem.extend({ position: z.int() })),
  /** There is more at once. */
  more: z.boolean(),
  /** The order can change no more, and this is the last of it. */
  ended: z.boolean(),
});
export type Story = z.infer<typeof Story>;
