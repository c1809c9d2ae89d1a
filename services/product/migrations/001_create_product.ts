import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createProducts(db);
  await announceChanges(db);
  await createOutbox(db);
}

async function createProducts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table products (
      sku text primary key,
      name text not null,
      description text not null,
      -- Nothing is free, and the total of every order stays an exact JavaScript number.
      price_minor bigint not null check (price_minor between 1 and 100000000),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      version integer not null default 1,
      -- Milliseconds, like a JavaScript date: a cursor made of a row's time finds exactly that row again.
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      -- Unchanged words, for searching by prefix, and English stems, so that "lantern" finds "lanterns" and the
      -- reverse. Only letters and digits count: PostgreSQL's parser would take "WHITE/PINK" for a path.
      search tsvector not null generated always as (
        to_tsvector('simple', regexp_replace(name || ' ' || description || ' ' || sku, '[^[:alnum:]]+', ' ', 'g'))
        || to_tsvector('english', regexp_replace(name || ' ' || description || ' ' || sku, '[^[:alnum:]]+', ' ', 'g'))
      ) stored
    )`.execute(db);
  await sql`create index products_newest on products (created_at, sku)`.execute(db);
  await sql`create index products_search on products using gin (search)`.execute(db);
}

/**
 * Notifies every process that caches products of each change when, and only when, it commits. A trigger, so that no
 * way of changing a row can miss it, including SQL that a person types.
 */
async function announceChanges(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function announce_product_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('product_changed', coalesce(new.sku, old.sku));
      return null;
    end $$`.execute(db);
  await sql`
    create trigger announce_change after insert or update or delete on products
    for each row execute function announce_product_change()`.execute(db);
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
