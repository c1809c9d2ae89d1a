import { type Kysely, sql } from 'kysely';
import { createEffects } from '../../../platform/contract/effect.ts';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('carts')
    .addColumn('customer_id', 'uuid', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(0))
    // What an order may have: a cart with more could never be ordered.
    .addColumn('line_count', 'integer', (column) =>
      column
        .notNull()
        .defaultTo(0)
        .check(sql`line_count between 0 and 2000`),
    )
    .execute();

  await db.schema
    .createTable('cart_lines')
    .addColumn('customer_id', 'uuid', (column) => column.notNull().references('carts.customer_id'))
    .addColumn('sku', 'text', (column) => column.notNull())
    .addColumn('quantity', 'integer', (column) => column.notNull().check(sql`quantity between 1 and 100000`))
    .addColumn('position', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    // One line a SKU, however many devices add it at once.
    .addPrimaryKeyConstraint('cart_lines_key', ['customer_id', 'sku'])
    .execute();

  await db.schema
    .createTable('checkouts')
    // Beneath the effects' key: even a bug there cannot take for one order twice.
    .addColumn('order_id', 'uuid', (column) => column.primaryKey())
    .addColumn('customer_id', 'uuid', (column) => column.notNull().references('carts.customer_id'))
    .addColumn('lines', 'jsonb', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await createEffects(db);
  await createOutbox(db);
}
