import { z } from 'zod';
import { type Implementation, activity } from '../platform/contract/operation.ts';

/** What a comparison of the books found, and twice in a row. */
export const Finding = z.object({
  /** The rule that does not hold, such as `processor-ledger`. */
  rule: z.string(),
  /** What it is about: an order's id, or what a service calls the part of its ledger that differs. */
  subject: z.string(),
  expected: z.string(),
  found: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** What one comparison of all books came to. Bounded, so that it can be the result of a workflow. */
export const ReconciliationReport = z.object({
  /** How many orders were compared. */
  orders: z.int(),
  /** How many discrepancies there are. */
  findings: z.int(),
  /** Of these: new interventions, those that were open before, and those that a person has accepted. */
  opened: z.int(),
  open: z.int(),
  accepted: z.int(),
  /** Too many to open an intervention for each. */
  leftOut: z.int(),
  /** Interventions that were closed, because their discrepancy is gone. */
  closed: z.int(),
  /** Orders that changed between every two readings: nothing is known about them until the next comparison. */
  moving: z.int(),
  /** Sentences about what could not be compared. */
  notCompared: z.array(z.string()),
  /** The first of the discrepancies, each as a line. */
  examples: z.array(z.string()),
});
export type ReconciliationReport = z.infer<typeof ReconciliationReport>;

/** What the reconciliation workflow calls, implemented in services/order/reconcile/. */
export const reconciliationActivities = {
  /**
   * Compares the books of all services with each other, with the card processor's and the carrier's, and with the workflows
   * that run. Opens an intervention for each discrepancy and closes those of discrepancies that are gone. Takes seconds to
   * an hour; heartbeats. A repeat compares again.
   */
  reconcileBooks: activity({ request: z.strictObject({}), response: ReconciliationReport }),
};
export type ReconciliationActivities = Implementation<typeof reconciliationActivities>;
