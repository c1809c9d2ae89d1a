import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  // Whoever looks every few seconds is to read nothing of what is over.
  await sql`create index orders_with_carrier on orders (fulfillment_status, updated_at)
    where fulfillment_status in ('booked', 'shipped')`.execute(db);
  await sql`create index orders_to_capture on orders (updated_at)
    where payment_status = 'authorized' and fulfillment_status in ('shipped', 'delivered')`.execute(db);
  await sql`create index orders_to_complete on orders (returnable_until)
    where status = 'confirmed' and returnable_until is not null`.execute(db);
  await sql`create index returns_to_refund on returns (updated_at) where status = 'received'`.execute(db);
  await sql`create index cancellations_of_order on order_history (order_id, at)
    where step = 'cancel' and outcome = 'started'`.execute(db);
}
