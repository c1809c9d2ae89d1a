import { type Kysely, sql } from 'kysely';
import type { HistoryEntry } from '../../activities/order-status.ts';
import type { Attempt, OrderStart } from '../../activities/order-placing.ts';
import { detailsOfConfirmed } from '../../workflows/order/confirmed-details.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderDatabase } from './database.ts';
import { type StartSettings, startOfRow } from './order-start.ts';
import { historyView } from './views.ts';

// As long as a lease: a replica that dies while it starts a batch delays its orders no longer. While Temporal is slow a batch
// may take longer; another replica then starts some of it too, which does nothing.
const CLAIM_SECONDS = 4;

/**
 * Claims up to `limit` orders whose workflow is due, the longest due first, and returns how each is started. No two
 * replicas claim the same ones; a claim ends by itself.
 */
export async function claimDue(
  db: Kysely<OrderDatabase>,
  limit: number,
  authorizationDays?: number,
): Promise<OrderStart[]> {
  const { rows } = await sql<OrderRow>`
    with due as (
      select order_id from workflows_to_start where due_at <= now()
       order by due_at limit ${limit} for update skip locked),
    claimed as (
      update workflows_to_start set due_at = now() + make_interval(secs => ${CLAIM_SECONDS})
       where order_id in (select order_id from due) returning order_id)
    select orders.* from orders join claimed on id = order_id`.execute(db);
  // A cancellation or the carrier's news has started its workflow before.
  const ended = rows.filter(hasEnded).map(({ id }) => id);
  await forget(db, ended);
  return startsOf(
    db,
    rows.filter((row) => !hasEnded(row)),
    { lane: 'express', authorizationDays },
  );
}

/** Takes orders whose workflows were started out of the table. */
export async function forget(db: Kysely<OrderDatabase>, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return;
  await sql`delete from workflows_to_start where order_id = any(${orderIds}::uuid[])`.execute(db);
}

/**
 * How the workflows of these orders are started: confirmed ones as such, pending ones with all steps, which may have
 * happened. `lane` is that of drafts; an order that is recorded has a workflow already, or was placed in the lane `express`.
 */
export async function startsOf(
  db: Kysely<OrderDatabase>,
  rows: readonly OrderRow[],
  { lane, authorizationDays }: StartSettings,
): Promise<OrderStart[]> {
  const confirmedIds = rows.filter(isConfirmed).map(({ id }) => id);
  const entries = await historyOf(db, confirmedIds);
  return rows.map((row) => {
    if (!isConfirmed(row)) return startOfRow(row, { lane: row.recorded_at ? 'express' : lane, authorizationDays });
    const confirmed = { lane: 'express', authorizationDays, attempt: confirmedAttempt(row) } as const;
    const { input } = startOfRow(row, confirmed);
    return startOfRow(row, { ...confirmed, details: detailsOfConfirmed(input, entries.get(row.id) ?? []) });
  });
}

/** What the attempt that confirmed an order tells its workflow. */
export const confirmedAttempt = ({
  decided_at,
  promised_by,
}: Pick<OrderRow, 'decided_at' | 'promised_by'>): Attempt => ({
  confirmedAt: decided_at!.toISOString(),
  ...(promised_by && { promisedBy: promised_by.toISOString() }),
});

/** Its status apart from open interventions. */
const underlying = ({ resume_status, status }: OrderRow) => resume_status ?? status;
const isConfirmed = (row: OrderRow): boolean => underlying(row) === 'confirmed';

/** Whether the order's workflow has nothing more to do. */
export const hasEnded = (row: OrderRow): boolean => ['rejected', 'canceled', 'completed'].includes(underlying(row));

async function historyOf(db: Kysely<OrderDatabase>, orderIds: string[]): Promise<Map<string, HistoryEntry[]>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('order_history')
    .selectAll()
    .where('order_id', '=', sql<string>`any(${orderIds}::uuid[])`)
    // Not those of its returns.
    .where('workflow_id', '=', sql<string>`'order-' || order_id`)
    .orderBy('position')
    .execute();
  const byOrder = Map.groupBy(rows, (row) => row.order_id);
  return new Map(
    [...byOrder].map(([orderId, items]) => [
      orderId,
      items.map((row) => ({ sequence: row.sequence, ...historyView(row) })),
    ]),
  );
}
