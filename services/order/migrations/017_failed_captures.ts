import { type Kysely, sql } from 'kysely';

/** A capture may fail after the card processor had said yes. Rows from before satisfy the checks. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      -- What was captured and taken back, and was not collected since. The sums of captures leave it in: it is not captured with
      -- what is still to be sent.
      add column uncollected_minor bigint not null default 0,
      add constraint uncollected_within_total check (uncollected_minor between 0 and total_minor) not valid`.execute(
    db,
  );
  await sql`
    create table failed_captures (
      -- Of the capture that takes its place.
      id uuid primary key,
      order_id uuid not null references orders,
      -- What it was to pay for: a parcel, or what failed before. A capture fails once.
      parcel_id uuid not null unique,
      amount_minor bigint not null check (amount_minor > 0),
      -- Null until a person has decided, and that is done.
      outcome text check (outcome in ('recaptured', 'collected_manually', 'not_collected')),
      created_at timestamptz not null default date_trunc('milliseconds', now())
    )`.execute(db);
  await sql`
    alter table interventions
      drop constraint interventions_action_check,
      add constraint interventions_action_check
        check (action in ('retry', 'skip', 'refund_manually', 'collect_manually')) not valid`.execute(db);
}
