import { type Kysely, sql } from 'kysely';

/** A refund may fail after the card processor had said yes. Rows from before satisfy the check. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table refunds
      drop constraint refunds_status_check,
      add constraint refunds_status_check
        check (status in ('requested', 'refunded', 'refunded_manually', 'not_refunded', 'failed')) not valid`.execute(
    db,
  );
}
