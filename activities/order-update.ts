import { z } from 'zod';
import { HistoryEntry } from './order-status.ts';

/** The common part of every bookkeeping request: the order and its new history entries. */
export const OrderUpdate = z.strictObject({
  orderId: z.uuid(),
  /** The workflow that sends the entries; part of their identity. */
  workflowId: z.string(),
  entries: z.array(HistoryEntry),
});
export type OrderUpdate = z.infer<typeof OrderUpdate>;
