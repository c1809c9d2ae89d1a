import { type Kysely, sql } from 'kysely';

/**
 * A SKU may have a threshold. `low` is computed by the database, so that it is right for every version that moves stock, also an older
 * version of the service. The index has `low` and not the balances: these change with every order, and PostgreSQL then
 * writes no index as long as no indexed value changes (a HOT update).
 *
 * Adding `low` rewrites the table under a lock. It has one row per SKU: 100,000 take 0.2 s.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table stock
      add column low_stock_at bigint,
      add column low boolean not null generated always as (coalesce(on_hand - reserved <= low_stock_at, false)) stored,
      add constraint low_stock_at_counts check (low_stock_at between 0 and 9007199254740991)`.execute(db);
  await sql`create index stock_low on stock (sku) where low`.execute(db);
}
