import { type Kysely, sql } from 'kysely';

/** A peer's own orders and their status. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table orders (
      -- The idempotency key of recording it.
      id uuid primary key,
      customer_id uuid not null,
      status text not null default 'pending' check (status in ('pending', 'confirmed', 'rejected')),
      -- They say what holds of an order that is confirmed.
      payment_status text not null default 'authorized' check (payment_status in ('authorized', 'captured')),
      fulfillment_status text not null default 'booked'
        check (fulfillment_status in ('booked', 'shipped', 'delivered')),
      lines jsonb not null,
      total_minor bigint not null,
      currency text not null,
      shipping_address jsonb not null,
      payment_method text not null,
      tracking_number text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
}
