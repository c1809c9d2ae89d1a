import { z } from 'zod';
import { operation, pageOf } from '../platform/contract/operation.ts';
import { Money } from './money.ts';
import { InterventionAction } from './order-bookkeeping.ts';
import { HistoryItem, Step } from './order-status.ts';
import { Finding } from './reconciliation.ts';

/** `reconcile`: no step was refused, but a comparison of the books has found a discrepancy. */
export const InterventionStep = z.enum([...Step.options, 'reconcile']);
export type InterventionStep = z.infer<typeof InterventionStep>;
/** What a decision about an intervention does: a sentence for the person who decides. */
const AllowedDecision = z.object({ action: InterventionAction, effect: z.string() });
/** A step that was refused permanently, or a discrepancy of the books, and what a person decided about it. */
export const Intervention = z.object({
  id: z.uuid(),
  /** Null for a discrepancy that is about no order of ours. */
  orderId: z.uuid().nullable(),
  workflowId: z.string(),
  /** The step that was refused; of those before the confirmation it is the compensation. */
  step: InterventionStep,
  /** The last error; of a discrepancy, what is expected and what was found. */
  reason: z.string(),
  state: z.enum(['open', 'resolved']),
  /** What does not go on until a person decides. Null for a discrepancy: nothing waits for it. */
  blocks: z
    .object({
      orderNumber: z.string(),
      customerId: z.uuid(),
      /** Null unless it is a return. */
      returnId: z.uuid().nullable(),
      /** What is at stake: the refund of a return, otherwise the order's total. */
      amount: Money,
    })
    .nullable(),
  /** The discrepancy, and when a comparison last found it. Null for a step. An older order service leaves it out. */
  finding: Finding.extend({ seenAt: z.iso.datetime() }).nullable().default(null),
  /** How often the step, or its compensation, failed until the decision. */
  attempts: z.int(),
  /** The last 20 entries of the step in its workflow's history, until the decision, oldest first. */
  tried: z.array(HistoryItem),
  /** What may be decided now; empty once it is resolved. */
  allowedActions: z.array(AllowedDecision),
  action: InterventionAction.nullable(),
  note: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  openedAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().nullable(),
});
export type Intervention = z.infer<typeof Intervention>;
export const ListInterventions = z.strictObject({
  state: z.enum(['open', 'resolved']).optional(),
  step: InterventionStep.optional(),
  /** Opened at this time or later. */
  since: z.iso.datetime().optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListInterventions = z.infer<typeof ListInterventions>;
export const InterventionRef = z.strictObject({ interventionId: z.uuid() });
export type InterventionRef = z.infer<typeof InterventionRef>;

/** A person's decision about a discrepancy. */
export const ResolveFinding = InterventionRef.extend({
  action: InterventionAction,
  note: z.string(),
  /** Who decided. */
  resolvedBy: z.string(),
});
export type ResolveFinding = z.infer<typeof ResolveFinding>;

/** Interventions of all orders: part of what the order service's HTTP API offers. */
export const interventionRequests = {
  /** The interventions that fit all that is given, newest first. Refuses `BadCursor`. */
  listInterventions: operation({ request: ListInterventions, response: pageOf(Intervention), refuses: ['BadCursor'] }),
  /** One intervention. Refuses `InterventionNotFound`. */
  getIntervention: operation({ request: InterventionRef, response: Intervention, refuses: ['InterventionNotFound'] }),
  /**
   * Decides about a discrepancy, and returns its intervention. `skip` accepts it as it is: with the same text it does not
   * come back. `retry` compares again now: the intervention is resolved if the discrepancy is gone, else it stays open with
   * what was found now. Refuses `InterventionNotFound`; `InterventionClosed`; and `ActionNotAllowed` for another action, for
   * an intervention about a step, and for a `retry` whose ledger cannot be read.
   */
  resolveFinding: operation({
    request: ResolveFinding,
    response: Intervention,
    // It reads seven books.
    timeoutMs: 20_000,
    patient: false,
    refuses: ['InterventionNotFound', 'InterventionClosed', 'ActionNotAllowed'],
  }),
};
