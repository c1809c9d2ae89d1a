import { type Kysely, sql } from 'kysely';
import { createEffects } from '../../../platform/contract/effect.ts';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createEffects(db);
  await createOutbox(db);
  await db.schema
    .createTable('shipments')
    // One order, one parcel.
    .addColumn('order_id', 'uuid', (column) => column.primaryKey())
    // The carrier's news names only this: two orders under one number would be dispatched together.
    .addColumn('tracking_number', 'text', (column) => column.unique())
    .addColumn('status', 'text', (column) =>
      column.notNull().check(sql`status in ('booked', 'dispatched', 'delivered', 'canceled')`),
    )
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // A parcel on its way can be found; only one that never was has no number.
    .addCheckConstraint('parcel_has_number', sql`status = 'canceled' or tracking_number is not null`)
    .execute();
  await db.schema
    .createTable('movements')
    // The carrier's own id: the same news told twice is noted once.
    .addColumn('movement_id', 'text', (column) => column.primaryKey())
    // No foreign key: news of a parcel can be here before our booking of it is written.
    .addColumn('tracking_number', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull().check(sql`type in ('dispatched', 'delivered')`))
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('recorded_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.createIndex('movements_of_parcel').on('movements').column('tracking_number').execute();
}
