import { type Kysely, sql } from 'kysely';

/** A refund may fail in part, and what was paid of it counts. The few that have failed so far are known by those in their place. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table refunds
      -- What the card processor could not pay of it. Another refund has taken its place.
      add column failed_minor bigint not null default 0,
      add constraint failed_within_amount check (failed_minor between 0 and amount_minor) not valid`.execute(db);
  await sql`
    update refunds set failed_minor = least(amount_minor, coalesce(
      (select sum(other.amount_minor) from refunds as other
        where other.order_id = refunds.order_id
          and other.note = 'in the place of ' || refunds.id || ', which the card processor could not pay'), amount_minor))
     where status = 'failed'`.execute(db);
}
