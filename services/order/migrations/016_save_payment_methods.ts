import { type Kysely, sql } from 'kysely';

/** Whether the order's payment method is saved for later orders. The version before this one may still write orders without. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table orders add column save_payment_method boolean not null default false`.execute(db);
}
