import { type Kysely, sql } from 'kysely';

/** The order service may confirm an order itself and start its workflow afterwards. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table workflows_to_start (
      order_id uuid primary key references orders,
      -- When a replica of the order service starts the order's workflow, unless another one does it before. While an
      -- attempt to confirm the order is under way, this is the end of its lease.
      due_at timestamptz not null
    )`.execute(db);
  await sql`create index workflows_to_start_due on workflows_to_start (due_at)`.execute(db);
  // What an order's workflow is started with was known only to who placed the order.
  await sql`alter table orders add column from_cart boolean not null default false`.execute(db);
}
