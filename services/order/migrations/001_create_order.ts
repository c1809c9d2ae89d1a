import { type Kysely, sql } from 'kysely';

// Lists continue after a row's age as JavaScript reads it, which ends at the millisecond: hence `date_trunc`.

export async function up(db: Kysely<unknown>): Promise<void> {
  await createOrders(db);
  await indexOrderLists(db);
  await indexUnfinishedOrders(db);
  await createHistory(db);
  await createInterventions(db);
  await createReturns(db);
  await createOutbox(db);
}

async function createOrders(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table orders (
      -- Derived from the caller and the Idempotency-Key, so that a repeated request finds its own row.
      id uuid primary key,
      customer_id uuid not null,
      status text not null default 'pending'
        check (status in ('pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action')),
      payment_status text not null default 'not_paid'
        check (payment_status in ('not_paid', 'authorized', 'captured', 'partially_refunded', 'refunded', 'canceled',
          'requires_action')),
      fulfillment_status text not null default 'not_fulfilled'
        check (fulfillment_status in ('not_fulfilled', 'booked', 'shipped', 'delivered', 'partially_returned',
          'returned', 'canceled')),
      -- The status apart from open interventions, while the public one is 'requires_action'.
      resume_status text,
      resume_payment_status text,
      -- Written once with the order and read with it; no query here looks for lines by SKU.
      lines jsonb not null check (jsonb_array_length(lines) between 1 and 2000),
      total_minor bigint not null check (total_minor >= 0),
      currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
      refunded_minor bigint not null default 0,
      shipping_address jsonb not null,
      payment_method text not null,
      rejection jsonb,
      tracking_number text,
      returnable_until timestamptz,
      version integer not null default 1,
      -- When the order's workflow recorded it; null for a draft.
      recorded_at timestamptz,
      created_at timestamptz not null default date_trunc('milliseconds', now()),
      updated_at timestamptz not null default now(),
      -- When the order first left 'pending'.
      decided_at timestamptz,
      -- When the order was fenced, so that a late attempt cannot confirm it.
      withheld_at timestamptz,
      -- Nobody gets back more than was paid.
      constraint refund_within_total check (refunded_minor between 0 and total_minor),
      constraint rejected_says_why check (status <> 'rejected' or rejection is not null),
      -- Only a workflow moves an order beyond pending, and it records the order first.
      constraint only_recorded_orders_move check (recorded_at is not null or status = 'pending')
    )`.execute(db);
}

/** Every list is of recorded orders, newest first, of one customer or of all, with or without a status. */
async function indexOrderLists(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index orders_of_customer on orders (customer_id, created_at desc, id desc)
    where recorded_at is not null`.execute(db);
  // Finds a wholesaler's orders of one status without reading all their orders.
  await sql`
    create index orders_of_customer_by_status on orders (customer_id, status, created_at desc, id desc)
    where recorded_at is not null`.execute(db);
  await sql`
    create index orders_by_age on orders (created_at desc, id desc)
    where recorded_at is not null`.execute(db);
  await sql`
    create index orders_by_status on orders (status, created_at desc, id desc)
    where recorded_at is not null`.execute(db);
}

/** For admission and metrics, which poll every few seconds and must not read finished orders. */
async function indexUnfinishedOrders(db: Kysely<unknown>): Promise<void> {
  // Admission counts once a second how many orders wait to be decided and how many were decided lately.
  await sql`create index orders_decided on orders (decided_at) where decided_at is not null`.execute(db);
  await sql`create index orders_undecided on orders (created_at) where status = 'pending'`.execute(db);
  // The metrics show how long orders have waited for the next event.
  await sql`
    create index orders_with_carrier on orders (fulfillment_status, updated_at)
    where fulfillment_status in ('booked', 'shipped')`.execute(db);
  await sql`
    create index orders_to_capture on orders (updated_at)
    where payment_status = 'authorized' and fulfillment_status in ('shipped', 'delivered')`.execute(db);
  await sql`
    create index orders_to_complete on orders (returnable_until)
    where status = 'confirmed' and returnable_until is not null`.execute(db);
}

/** Append-only. */
async function createHistory(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table order_history (
      position bigint generated always as identity primary key,
      order_id uuid not null references orders,
      workflow_id text not null,
      sequence integer not null,
      at timestamptz not null,
      step text not null,
      outcome text not null
        check (outcome in ('started', 'succeeded', 'failed', 'compensated', 'compensation_failed')),
      attempt integer check (attempt >= 1),
      detail text,
      -- An entry that a workflow sends twice is stored once. The sequence alone does not identify it: after a
      -- lost attempt the next one may number its entries differently.
      constraint told_once unique (workflow_id, step, outcome, sequence)
    )`.execute(db);
  await sql`create index history_of_order on order_history (order_id, position)`.execute(db);
  // Finds the orders whose cancellation has started.
  await sql`
    create index cancellations_of_order on order_history (order_id, at)
    where step = 'cancel' and outcome = 'started'`.execute(db);
}

async function createInterventions(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table interventions (
      id uuid primary key,
      order_id uuid not null references orders,
      workflow_id text not null,
      step text not null,
      reason text not null,
      state text not null default 'open' check (state in ('open', 'resolved')),
      action text check (action in ('retry', 'skip')),
      note text,
      resolved_by text,
      opened_at timestamptz not null default date_trunc('milliseconds', now()),
      resolved_at timestamptz,
      -- A resolved intervention says who decided what, and when; an open one says none of it.
      constraint resolved_says_how check (
        (state = 'open') = (action is null)
        and (state = 'open') = (resolved_by is null)
        and (state = 'open') = (resolved_at is null))
    )`.execute(db);
  await sql`create index interventions_by_age on interventions (opened_at desc, id desc)`.execute(db);
  // Finds the few that are open among all of them.
  await sql`create index interventions_by_state on interventions (state, opened_at desc, id desc)`.execute(db);
  // Resolving one reads all interventions of its order, including skipped ones.
  await sql`create index interventions_of_any_state on interventions (order_id)`.execute(db);
}

async function createReturns(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table returns (
      id uuid primary key,
      order_id uuid not null references orders,
      customer_id uuid not null,
      status text not null default 'requested' check (status in ('requested', 'received', 'refunded', 'expired')),
      lines jsonb not null,
      received jsonb not null default '[]',
      refund_minor bigint check (refund_minor >= 0),
      reason text not null,
      created_at timestamptz not null default date_trunc('milliseconds', now()),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index returns_of_order on returns (order_id, created_at desc, id desc)`.execute(db);
  // For the metrics, as above.
  await sql`create index returns_to_refund on returns (updated_at) where status = 'received'`.execute(db);
}

/** The events that this service publishes, written in the transaction of the change. */
async function createOutbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox (
      sequence bigint generated always as identity primary key,
      id uuid not null unique,
      source text not null,
      type text not null,
      subject text not null,
      data jsonb not null,
      traceparent text,
      occurred_at timestamptz not null default clock_timestamp()
    )`.execute(db);
}
