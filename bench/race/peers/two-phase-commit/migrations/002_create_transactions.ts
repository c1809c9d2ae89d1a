import { type Kysely, sql } from 'kysely';

/** The coordinator's log: one decision for each order, written in the transaction that decides the order. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table transactions (
      -- An order is decided once.
      order_id uuid primary key references orders,
      decision text not null check (decision in ('commit', 'abort')),
      -- Why it was aborted.
      reason text,
      decided_at timestamptz not null default now(),
      -- When all participants had carried out the decision.
      ended_at timestamptz,
      -- The last reason why one has not.
      trouble text,
      constraint abort_has_reason check ((decision = 'abort') = (reason is not null))
    )`.execute(db);
  // Recovery reads both every second.
  await sql`create index transactions_not_ended on transactions (decided_at) where ended_at is null`.execute(db);
  await sql`create index orders_pending on orders (created_at) where status = 'pending'`.execute(db);
}
