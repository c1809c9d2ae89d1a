import { type Kysely, sql } from 'kysely';

/**
 * A refund may fail in part, and what was paid of it counts. The few that have failed so far are known by the note of those in their
 * place, which name their pieces.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table refunds
      -- What the card processor could not pay of it. Another refund has taken its place.
      add column failed_minor bigint not null default 0,
      -- The refund in its place names its pieces, because all of it has failed.
      add column lines_moved boolean not null default false,
      add constraint failed_within_amount check (failed_minor between 0 and amount_minor) not valid`.execute(db);
  await sql`
    update refunds set lines_moved = true, failed_minor = least(amount_minor, coalesce(
      (select sum(other.amount_minor) from refunds as other
        where other.order_id = refunds.order_id
          and other.note = 'in the place of ' || refunds.id || ', which the card processor could not pay'), amount_minor))
     where status = 'failed'`.execute(db);
  await sql`
    update refunds as other set limited = true from refunds
     where refunds.status = 'failed' and refunds.limited and other.order_id = refunds.order_id
       and other.note = 'in the place of ' || refunds.id || ', which the card processor could not pay'`.execute(db);
}
