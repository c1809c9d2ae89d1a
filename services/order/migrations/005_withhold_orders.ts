import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await db.schema.alterTable('orders').addColumn('withheld_at', 'timestamptz').execute();
  // Two runs of one workflow, of which the first was lost, may tell the same piece at different places of their stories,
  // and different pieces at the same: an entry is named by what it tells. Every entry kept so far fits this name too.
  await sql`create unique index told_once_by_what on order_history (workflow_id, step, outcome, sequence)`.execute(db);
  await sql`alter table order_history drop constraint told_once`.execute(db);
  await sql`alter table order_history add constraint told_once unique using index told_once_by_what`.execute(db);
}
