import { type Kysely, sql } from 'kysely';
import { createEffects } from '../../../platform/contract/effect.ts';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createStock(db);
  await createLedger(db);
  await createEffects(db);
  await createOutbox(db);
}

async function createStock(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('stock')
    .addColumn('sku', 'text', (column) => column.primaryKey())
    .addColumn('on_hand', 'bigint', (column) => column.notNull())
    .addColumn('reserved', 'bigint', (column) => column.notNull())
    // There are no negative goods; and above 2^53 a JavaScript number would no longer count them exactly.
    .addCheckConstraint('on_hand_counts', sql`on_hand between 0 and 9007199254740991`)
    .addCheckConstraint('reserved_not_negative', sql`reserved >= 0`)
    // The last line of defence against overselling: nothing is promised that is not there.
    .addCheckConstraint('not_oversold', sql`reserved <= on_hand`)
    .execute();
}

async function createLedger(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('stock_ledger')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('subject', 'uuid', (column) => column.notNull())
    .addColumn('order_id', 'uuid')
    // A balance whose movements exist cannot be deleted.
    .addColumn('sku', 'text', (column) => column.notNull().references('stock.sku'))
    .addColumn('on_hand_delta', 'bigint', (column) => column.notNull())
    .addColumn('reserved_delta', 'bigint', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('adjusted_by', 'text')
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    // Beneath the effects' key: even a bug there cannot move the same goods twice for one reason.
    .addUniqueConstraint('moved_once', ['subject', 'kind', 'sku'])
    // Every kind moves goods in its own direction only, so that a wrong sign fails instead of balancing.
    .addCheckConstraint(
      'kind_has_direction',
      sql`case kind
        when 'reserve' then on_hand_delta = 0 and reserved_delta > 0
        when 'release' then on_hand_delta = 0 and reserved_delta < 0
        when 'commit' then on_hand_delta < 0 and reserved_delta = on_hand_delta
        when 'restock' then on_hand_delta > 0 and reserved_delta = 0
        when 'adjust' then reserved_delta = 0
        else false
      end`,
    )
    // All but an adjustment happen for an order, and an adjustment says who did it and why.
    .addCheckConstraint('order_unless_adjusted', sql`(order_id is null) = (kind = 'adjust')`)
    .addCheckConstraint(
      'adjustment_is_explained',
      sql`(kind = 'adjust') = (reason is not null) and (kind = 'adjust') = (adjusted_by is not null)`,
    )
    .execute();
  // The books are read order by order, the balances SKU by SKU.
  await sql`create index stock_ledger_orders on stock_ledger (order_id) where order_id is not null`.execute(db);
  await db.schema.createIndex('stock_ledger_skus').on('stock_ledger').column('sku').execute();
}
