import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  // A wholesaler's orders of one status, without going through all that they ever ordered.
  await sql`create index orders_of_customer_by_status on orders (customer_id, status, created_at desc, id desc)
    where recorded_at is not null`.execute(db);
  // The few that are open among all that ever were.
  await sql`create index interventions_by_state on interventions (state, opened_at desc, id desc)`.execute(db);
  // Closing one looks at all that were opened for its order, the skipped ones included.
  await sql`create index interventions_of_any_state on interventions (order_id)`.execute(db);
  await sql`drop index interventions_of_order`.execute(db);
}
