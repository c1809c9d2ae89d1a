import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createShipments(db);
  await createMovements(db);
  await createEffects(db);
  await createOutbox(db);
}

async function createShipments(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table shipments (
      -- One parcel per order.
      order_id uuid primary key,
      -- The carrier's events name only this number: two orders with the same one would be dispatched together.
      tracking_number text unique,
      status text not null check (status in ('booked', 'dispatched', 'delivered', 'canceled')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      -- Only a shipment that was canceled before it was booked has no number.
      constraint parcel_has_number check (status = 'canceled' or tracking_number is not null)
    )`.execute(db);
}

/** Append-only: the carrier's events, as they arrived. */
async function createMovements(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table movements (
      -- The carrier's own id: an event that is delivered twice is stored once.
      movement_id text primary key,
      -- No foreign key: an event can arrive before our booking of the parcel is committed.
      tracking_number text not null,
      type text not null check (type in ('dispatched', 'delivered')),
      at timestamptz not null,
      recorded_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index movements_of_parcel on movements (tracking_number)`.execute(db);
}

/** What was done, refused or undone for a subject (an order, a return, an adjustment) and a step. */
async function createEffects(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table effects (
      subject uuid not null,
      step text not null,
      state text not null check (state in ('done', 'refused', 'undone')),
      -- The first response, returned on every repeat.
      answer jsonb,
      refusal_code text,
      refusal_message text,
      at timestamptz not null default now(),
      -- The idempotency key: concurrent and late requests for a step are decided here.
      constraint effects_key primary key (subject, step),
      -- A refusal is returned on repeats too, so it must have its code.
      constraint refusal_has_code check (state <> 'refused' or refusal_code is not null)
    )`.execute(db);
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
