import { type Kysely, sql } from 'kysely';

/** Staff may give money back without a return. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table refunds (
      id uuid primary key,
      order_id uuid not null references orders,
      status text not null default 'requested'
        check (status in ('requested', 'refunded', 'refunded_manually', 'not_refunded')),
      amount_minor bigint not null check (amount_minor > 0),
      -- The pieces that are paid back; null if it is an amount.
      lines jsonb,
      reason text not null
        check (reason in ('requested_by_customer', 'damaged', 'not_delivered', 'goodwill', 'duplicate', 'other')),
      note text,
      requested_by text not null,
      -- It pays what a return was owed and could not get, because another refund had reserved it and then was given up.
      tops_up_returns boolean not null default false,
      -- Null until the order service has started its workflow.
      workflow_started_at timestamptz,
      created_at timestamptz not null default date_trunc('milliseconds', now()),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index refunds_of_order on refunds (order_id, created_at desc, id desc)`.execute(db);
  // For the metrics.
  await sql`create index refunds_requested on refunds (created_at) where status = 'requested'`.execute(db);
  await sql`create index refunds_to_start on refunds (created_at) where workflow_started_at is null`.execute(db);
  await sql`
    alter table interventions
      drop constraint interventions_action_check,
      add constraint interventions_action_check check (action in ('retry', 'skip', 'refund_manually')) not valid`.execute(
    db,
  );
}
