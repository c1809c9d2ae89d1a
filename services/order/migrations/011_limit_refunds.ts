import { type Kysely, sql } from 'kysely';

/** Some staff may refund only so much of an order. Refunds from before, and of an older order service, do not count. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table refunds add column limited boolean not null default false`.execute(db);
}
