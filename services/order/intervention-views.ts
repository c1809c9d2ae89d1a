import { type Kysely, type SelectQueryBuilder, type Selectable, sql } from 'kysely';
import type { Intervention } from '../../activities/order-intervention.ts';
import type { InterventionsTable, OrderDatabase, OrderHistoryTable } from './database.ts';
import { allowedDecisions } from './intervention-actions.ts';
import { historyView } from './views.ts';

/** An intervention with what it blocks and what was tried. */
interface InterventionRow extends Selectable<InterventionsTable> {
  /** The order's columns are null where there is no order. */
  number: number | null;
  customer_id: string | null;
  currency: string | null;
  total_minor: number | null;
  return_id: string | null;
  refund_minor: number | null;
  attempts: number;
  tried: Pick<Selectable<OrderHistoryTable>, 'at' | 'step' | 'outcome' | 'attempt' | 'detail'>[];
}

/** The workflow that waits: a step may be left to a workflow of its own, whose id begins with it (`requiredStepId`). */
export const askedFor = sql<string>`split_part(interventions.workflow_id, '.', 1)`;

// A person reads the last ones; somebody who has retried more often knows the rest, and the order's history has it.
const MAX_ENTRIES = 20;

/**
 * Completes the chosen interventions, newest first, with their orders and the history of the step. The choice comes first,
 * with its limit, so that no other order is read.
 */
export const completed = (
  db: Kysely<OrderDatabase>,
  chosen: SelectQueryBuilder<OrderDatabase, 'interventions', Selectable<InterventionsTable>>,
) =>
  db
    .selectFrom(chosen.as('interventions'))
    .leftJoin('orders', 'orders.id', 'interventions.order_id')
    .leftJoin('returns', (join) =>
      join
        .onRef('returns.order_id', '=', 'interventions.order_id')
        .on(sql<boolean>`${askedFor} = 'return-' || returns.id`),
    )
    .innerJoinLateral(
      (builder) =>
        builder
          .selectFrom(stepHistory.as('entries'))
          .select([
            sql<number>`coalesce(sum(attempt) filter (where outcome in ('failed', 'compensation_failed')), 0)::int`.as(
              'attempts',
            ),
            sql<InterventionRow['tried']>`
              coalesce(json_agg(entries order by position) filter (where newest <= ${MAX_ENTRIES}), '[]')`.as('tried'),
          ])
          .as('history'),
      (join) => join.onTrue(),
    )
    .selectAll('interventions')
    .select(['number', 'orders.customer_id', 'currency', 'total_minor', 'returns.id as return_id', 'refund_minor'])
    .select(['attempts', 'tried'])
    .orderBy('opened_at', 'desc')
    .orderBy('interventions.id', 'desc');

/** The entries of the step in the workflow that asks and in the one for which it asks, until a person decided, numbered from the newest. */
const stepHistory = sql<OrderHistoryTable & { newest: number }>`(
  select position, at, step, outcome, attempt, detail, row_number() over (order by position desc) as newest
    from order_history
   where order_history.order_id = interventions.order_id and order_history.workflow_id in (interventions.workflow_id, ${askedFor})
     and order_history.step = interventions.step and at <= coalesce(resolved_at, 'infinity'))`;

/** Every intervention about a step has an order. */
const blockedBy = (row: InterventionRow): Intervention['blocks'] => ({
  orderNumber: String(row.number),
  customerId: row.customer_id!,
  returnId: row.return_id,
  amount: { amountMinor: (row.refund_minor ?? row.total_minor)!, currency: row.currency! },
});

export const interventionView = (row: InterventionRow): Intervention => ({
  id: row.id,
  orderId: row.order_id,
  workflowId: row.workflow_id,
  step: row.step,
  reason: row.reason,
  state: row.state,
  blocks: row.finding ? null : blockedBy(row),
  finding: row.finding && { ...row.finding, seenAt: row.seen_at!.toISOString() },
  attempts: row.attempts,
  tried: row.tried.map(historyView),
  allowedActions: allowedDecisions(row),
  action: row.action,
  note: row.note,
  resolvedBy: row.resolved_by,
  openedAt: row.opened_at.toISOString(),
  resolvedAt: row.resolved_at?.toISOString() ?? null,
});
