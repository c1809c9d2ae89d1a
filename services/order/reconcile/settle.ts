import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Finding } from '../../../activities/reconciliation.ts';
import { storableText } from '../../../platform/database/storable-text.ts';
import type { OrderDatabase } from '../database.ts';
import { type KnownFinding, sentenceOf } from './findings.ts';

/** Who resolves an intervention whose discrepancy is gone. */
const SYSTEM = 'system';
const GONE = 'a later comparison of the books did not find it any more';

export interface Told {
  opened: number;
  /** Open before. */
  open: number;
  /** A person has accepted it with the same text. */
  accepted: number;
}

/**
 * Opens an intervention for each finding, or brings the open one up to date. One that a person has accepted with the same
 * text stays closed. Safe to run at the same time in several processes.
 */
export async function openFindings(
  db: Kysely<OrderDatabase>,
  findings: readonly KnownFinding[],
  workflowId: string,
): Promise<Told> {
  const rows = findings.map(({ key, orderId, ...finding }) => ({
    id: randomUUID(),
    key,
    orderId,
    reason: reasonOf(finding),
    finding: storable(finding),
  }));
  const result = await sql<Told>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
               as given (id uuid, key text, "orderId" uuid, reason text, finding jsonb)),
    accepted as (
      select key from given where exists (
        select from interventions
         where finding_key = given.key and action = 'skip' and interventions.reason = given.reason)),
    told as (
      insert into interventions (id, order_id, workflow_id, step, reason, finding_key, finding, seen_at)
      select id, (select orders.id from orders where orders.id = "orderId"), ${workflowId}, 'reconcile', reason, key,
             finding, clock_timestamp()
        from given
       where key not in (select key from accepted)
      on conflict (finding_key) where finding_key is not null and state = 'open'
      do update set reason = excluded.reason, finding = excluded.finding, seen_at = excluded.seen_at,
                    order_id = excluded.order_id
      -- Zero unless the row was there before.
      returning xmax = 0 as opened)
    select count(*) filter (where opened)::int as opened, count(*) filter (where not opened)::int as open,
           (select count(*)::int from accepted) as accepted
      from told`.execute(db);
  return result.rows[0]!;
}

/** The database's time to the microsecond, by which `closeGone` knows what was found since. A `Date` would lose a part. */
export async function timeOf(db: Kysely<OrderDatabase>): Promise<string> {
  const { rows } = await sql<{ now: string }>`select clock_timestamp()::text as now`.execute(db);
  return rows[0]!.now;
}

/**
 * Resolves the interventions whose discrepancy was not found since then, except those about which nothing is known: of
 * these subjects, and of these rules. Returns how many.
 */
export async function closeGone(
  db: Kysely<OrderDatabase>,
  { since, subjects, rules }: { since: string; subjects: readonly string[]; rules: readonly string[] },
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('interventions')
    .set({ state: 'resolved', resolved_by: SYSTEM, note: GONE, resolved_at: sql`now()` })
    .where('state', '=', 'open')
    .where('finding_key', 'is not', null)
    .where('seen_at', '<', sql<Date>`${since}::timestamptz`)
    .where(sql<boolean>`finding->>'subject' <> all(${subjects}::text[])`)
    .where(sql<boolean>`finding->>'rule' <> all(${rules}::text[])`)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export const reasonOf = (finding: Finding): string => storableText(sentenceOf(finding));

export const storable = ({ rule, subject, expected, found }: Finding): Finding => ({
  rule,
  subject: storableText(subject),
  expected: storableText(expected),
  found: storableText(found),
});
