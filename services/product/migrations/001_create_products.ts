import { type Kysely, sql } from 'kysely';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('products')
    .addColumn('sku', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    // Nothing is given away, and no order's total may leave the exact numbers.
    .addColumn('price_minor', 'bigint', (column) => column.notNull().check(sql`price_minor between 1 and 100000000`))
    .addColumn('currency', 'text', (column) => column.notNull().check(sql`currency ~ '^[A-Z]{3}$'`))
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    // Milliseconds, as JavaScript counts: a cursor made of a row's time finds exactly that row again.
    .addColumn('created_at', sql`timestamptz(3)`, (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', sql`timestamptz(3)`, (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.createIndex('products_newest').on('products').columns(['created_at', 'sku']).execute();
  await addSearch(db);
  await announceChanges(db);
  await createOutbox(db);
}

/**
 * Words as they are, to find them by how they begin, and their English stems, to find "lanterns" by "lantern"
 * and the reverse. Only letters and digits count: PostgreSQL's parser would take "WHITE/PINK" for a path.
 */
async function addSearch(db: Kysely<unknown>): Promise<void> {
  const words = sql`regexp_replace(name || ' ' || description || ' ' || sku, '[^[:alnum:]]+', ' ', 'g')`;
  await sql`
    alter table products add column search tsvector not null
    generated always as (to_tsvector('simple', ${words}) || to_tsvector('english', ${words})) stored`.execute(db);
  await sql`create index products_search on products using gin (search)`.execute(db);
}

/**
 * Every process that caches products hears of each change when, and only when, it commits. A trigger, so that
 * no way of changing a row can forget it, a person's SQL included.
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
