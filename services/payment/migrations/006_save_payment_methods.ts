import { type Kysely, sql } from 'kysely';

/**
 * Users may save payment methods. Rows from before need none of this, and the version before this one may still write them: it
 * sets none of the new columns.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- The customer of the user whose saved payment method the first hold is placed on, or who saves it. Null: the order's own.
      add column user_customer text,
      -- The payment method is saved once it was authorized.
      add column saves_method boolean not null default false`.execute(db);
  await sql`alter table holds add column user_customer text`.execute(db);
  await sql`
    create table customers (
      user_id uuid primary key,
      -- The processor's id of the user, to whom saved payment methods are attached.
      customer text not null unique,
      created_at timestamptz not null default now()
    )`.execute(db);
  await createSavedMethods(db);
}

async function createSavedMethods(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table saved_methods (
      -- The processor's. A removed one stays: nobody may name it again.
      token text primary key,
      position bigint generated always as identity,
      user_id uuid not null references customers,
      -- The order that it was saved with.
      order_id uuid not null unique references payments,
      brand text not null,
      last4 text not null,
      expiry_month integer not null,
      expiry_year integer not null,
      saved_at timestamptz not null default now(),
      removed_at timestamptz,
      -- The processor has detached it from its customer.
      detached_at timestamptz,
      constraint removed_before_detached check (detached_at is null or removed_at is not null)
    )`.execute(db);
  await sql`
    create index saved_methods_of_user on saved_methods (user_id, position desc) where removed_at is null`.execute(db);
  await sql`
    create index saved_methods_to_detach on saved_methods (removed_at)
      where removed_at is not null and detached_at is null`.execute(db);
}
