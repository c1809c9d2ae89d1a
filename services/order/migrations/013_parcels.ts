import { type Kysely, sql } from 'kysely';

/**
 * An order may travel in several parcels, be canceled in part, change its address, and be paid with another method. What was
 * placed so far, and what a replica of the version before still writes, is valid as it is: an order in one parcel has no row
 * in `parcels`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await extendOrders(db);
  await createParcels(db);
  await indexParcels(db);
  await refundCanceledPieces(db);
}

/** Rows from before satisfy every check, so none has to be read under the lock. */
async function extendOrders(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      drop constraint orders_payment_status_check,
      add constraint orders_payment_status_check
        check (payment_status in ('not_paid', 'awaiting_customer', 'authorized', 'partially_captured', 'captured',
          'partially_refunded', 'refunded', 'canceled', 'requires_action')) not valid,
      drop constraint orders_fulfillment_status_check,
      add constraint orders_fulfillment_status_check
        check (fulfillment_status in ('not_fulfilled', 'booked', 'partially_shipped', 'shipped', 'lost',
          'returned_to_sender', 'partially_delivered', 'delivered', 'partially_returned', 'returned',
          'canceled')) not valid,
      -- When the carrier promised to deliver its first parcel by.
      add column promised_by timestamptz,
      -- Whether rows in parcels say how it travels. Otherwise its own row does.
      add column in_parcels boolean not null default false,
      -- What was taken from the card. Null: what the payment status says.
      add column captured_minor bigint,
      -- The pieces that are not sent, with their prices, and the sum of these.
      add column canceled_lines jsonb,
      add column canceled_minor bigint not null default 0,
      -- Until when its customer may name another payment method; null unless it waits for one.
      add column payment_method_until timestamptz,
      -- The payment method and the address that it was placed with, where they were changed since.
      add column placed_as jsonb,
      -- Nobody pays more than the price, gets back more than they paid, or is charged for what they never get.
      add constraint capture_within_total check (captured_minor between 0 and total_minor) not valid,
      add constraint refund_within_capture check (refunded_minor <= captured_minor) not valid,
      add constraint cancellation_within_total check (canceled_minor between 0 and total_minor) not valid,
      -- The books of an order in parcels are complete.
      add constraint parcels_say_what_was_captured check (not in_parcels or captured_minor is not null) not valid,
      -- Nobody waits for a customer who was not told what to do.
      drop constraint awaited_customer_knows,
      add constraint awaited_customer_knows
        check (payment_status <> 'awaiting_customer' or next_action is not null
          or payment_method_until is not null) not valid`.execute(db);
}

async function createParcels(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table parcels (
      -- That of an order's first parcel is the order's.
      id uuid primary key,
      order_id uuid not null references orders,
      position bigint generated always as identity,
      -- The pieces with their prices.
      lines jsonb not null check (jsonb_array_length(lines) > 0),
      status text not null
        check (status in ('waiting', 'booked', 'dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered',
          'canceled')),
      tracking_number text,
      promised_by timestamptz,
      -- Its share of the order's total. Those of an order's parcels that are not canceled add up to what is not canceled.
      price_minor bigint not null check (price_minor >= 0),
      -- What was to be captured when it left. Null until then.
      asked_minor bigint check (asked_minor >= 0),
      -- What was captured when it left, maybe for other parcels too. Null until then.
      captured_minor bigint check (captured_minor >= 0),
      -- When its customer was told that it is late.
      told_late_at timestamptz,
      -- What staff decided about it once it was lost or came back.
      action text check (action in ('resend', 'refund', 'wait')),
      note text,
      decided_by text,
      decided_at timestamptz,
      created_at timestamptz not null default date_trunc('milliseconds', now()),
      updated_at timestamptz not null default now(),
      constraint carrier_knows_it
        check (tracking_number is not null or status in ('waiting', 'canceled')),
      constraint decided_says_how check (
        (action is null) = (note is null) and (action is null) = (decided_by is null)
        and (action is null) = (decided_at is null))
    )`.execute(db);
}

async function indexParcels(db: Kysely<unknown>): Promise<void> {
  await sql`create index parcels_of_order on parcels (order_id, position)`.execute(db);
  await sql`create index parcels_by_age on parcels (created_at desc, id desc)`.execute(db);
  await sql`create index parcels_by_status on parcels (status, created_at desc, id desc)`.execute(db);
  await sql`
    create index parcels_by_tracking_number on parcels (tracking_number) where tracking_number is not null`.execute(db);
  // Late ones are few: those whose time has passed, at the beginning of each index.
  await sql`
    create index parcels_promised on parcels (promised_by)
    where promised_by is not null and action is null and status not in ('delivered', 'canceled')`.execute(db);
  await sql`
    create index orders_promised on orders (promised_by)
    where promised_by is not null and not in_parcels and fulfillment_status in ('booked', 'shipped')`.execute(db);
  // For the metrics.
  await sql`
    create index parcels_unfinished on parcels (status, updated_at)
    where status not in ('delivered', 'canceled')`.execute(db);
  await sql`
    create index parcels_to_capture on parcels (updated_at)
    where captured_minor is null and price_minor > 0 and status not in ('waiting', 'booked', 'canceled')`.execute(db);
}

/** What was captured for pieces that are not sent is refunded. */
async function refundCanceledPieces(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table refunds
      drop constraint refunds_reason_check,
      add constraint refunds_reason_check
        check (reason in ('requested_by_customer', 'damaged', 'not_delivered', 'canceled', 'goodwill', 'duplicate',
          'other')) not valid`.execute(db);
}
