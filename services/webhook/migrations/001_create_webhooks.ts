import { type Kysely, sql } from 'kysely';
import { createInbox } from '../../../platform/events/inbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await createInbox(db);
  await db.schema
    .createTable('endpoints')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('customer_id', 'uuid', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('events', sql`text[]`, (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .defaultTo('enabled')
        .check(sql`state in ('enabled', 'disabled')`),
    )
    // Encrypted: a copy of this table signs nothing.
    .addColumn('secret', 'bytea', (column) => column.notNull())
    .addColumn('previous_secret', 'bytea')
    .addColumn('previous_until', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) =>
      column.notNull().defaultTo(sql`date_trunc('milliseconds', clock_timestamp())`),
    )
    .addCheckConstraint('previous_secret_ends', sql`(previous_secret is null) = (previous_until is null)`)
    .execute();
  await sql`create index endpoints_by_customer on endpoints (customer_id)`.execute(db);
  await db.schema
    .createTable('deliveries')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('endpoint_id', 'uuid', (column) => column.notNull().references('endpoints.id').onDelete('cascade'))
    .addColumn('event_id', 'uuid', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    // As it is signed and sent, to the byte.
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .defaultTo('pending')
        .check(sql`state in ('pending', 'delivered', 'failed')`),
    )
    .addColumn('round', 'integer', (column) => column.notNull().defaultTo(1))
    // The last round whose workflow was started.
    .addColumn('started_round', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_attempt_at', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) =>
      column.notNull().defaultTo(sql`date_trunc('milliseconds', clock_timestamp())`),
    )
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // An event told twice is delivered once.
    .addUniqueConstraint('deliveries_once', ['endpoint_id', 'event_id'])
    .addCheckConstraint('started_in_order', sql`started_round <= round`)
    .execute();
  await sql`create index deliveries_by_age on deliveries (endpoint_id, created_at desc, id desc)`.execute(db);
  await sql`create index deliveries_to_start on deliveries (updated_at) where started_round < round`.execute(db);
  await sql`create index deliveries_settled on deliveries (updated_at) where state <> 'pending'`.execute(db);
  await db.schema
    .createTable('attempts')
    .addColumn('delivery_id', 'uuid', (column) => column.notNull().references('deliveries.id').onDelete('cascade'))
    .addColumn('round', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('status', 'integer')
    .addColumn('duration_ms', 'integer')
    .addColumn('excerpt', 'text')
    .addColumn('error', 'text')
    // Written before the request is sent: its races end here, and so does a second request of one attempt.
    .addPrimaryKeyConstraint('attempts_once', ['delivery_id', 'round', 'attempt'])
    .execute();
}
