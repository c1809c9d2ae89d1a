import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('learned_orders')
    // An order counts once, however often it is told of.
    .addColumn('order_id', 'uuid', (column) => column.primaryKey())
    .addColumn('customer_id', 'uuid', (column) => column.notNull())
    .addColumn('skus', sql`text[]`, (column) => column.notNull())
    .addColumn('confirmed_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await sql`create index learned_orders_of_customer on learned_orders (customer_id, confirmed_at desc)`.execute(db);

  await db.schema
    .createTable('item_counts')
    .addColumn('sku', 'text', (column) => column.primaryKey())
    .addColumn('orders', 'integer', (column) => column.notNull().check(sql`orders >= 0`))
    .execute();
  // The best sellers are read off its end.
  await sql`create index item_counts_by_orders on item_counts (orders desc, sku)`.execute(db);

  await db.schema
    .createTable('pair_counts')
    .addColumn('sku', 'text', (column) => column.notNull())
    .addColumn('other', 'text', (column) => column.notNull().check(sql`other <> sku`))
    .addColumn('orders', 'integer', (column) => column.notNull().check(sql`orders >= 0`))
    .addPrimaryKeyConstraint('pair_counts_key', ['sku', 'other'])
    .execute();
}
