import { type Kysely, sql } from 'kysely';

/**
 * What a comparison of the books finds is an intervention too: of the step `reconcile`, perhaps about no order, and
 * resolved by the system once it is gone.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Not validated, so that the table is not read while it is locked: the rows from before have none of the new columns.
  await sql`
    alter table interventions
      alter column order_id drop not null,
      -- Identifies the finding, however often it is found.
      add column finding_key text,
      add column finding jsonb,
      -- When a comparison last found it.
      add column seen_at timestamptz,
      add constraint finding_says_what check (
        (step = 'reconcile') = (finding_key is not null)
        and (step = 'reconcile') = (finding is not null)
        and (step = 'reconcile') = (seen_at is not null)
        and (order_id is not null or step = 'reconcile')) not valid,
      drop constraint resolved_says_how,
      add constraint resolved_says_how check (
        (state = 'open') = (resolved_by is null)
        and (state = 'open') = (resolved_at is null)
        and case
          when state = 'open' then action is null
          else action is not null or (step = 'reconcile' and resolved_by = 'system')
        end) not valid`.execute(db);
  // The same finding is one open intervention.
  await sql`
    create unique index open_findings on interventions (finding_key)
     where finding_key is not null and state = 'open'`.execute(db);
  // Finds what a person has accepted.
  await sql`create index accepted_findings on interventions (finding_key) where finding_key is not null and action = 'skip'`.execute(
    db,
  );
}
