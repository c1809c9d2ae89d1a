import { type Kysely, sql } from 'kysely';
import { createOutbox } from '../../../platform/events/outbox.ts';

// Lists go on from a row's age as JavaScript knows it, which ends at the millisecond.
const toTheMillisecond = sql`date_trunc('milliseconds', now())`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await createOutbox(db);
  await createOrders(db);
  await createHistory(db);
  await createInterventions(db);
  await createReturns(db);
}

async function createOrders(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('orders')
    // Derived from caller and Idempotency-Key: the same request finds its own row.
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('customer_id', 'uuid', (column) => column.notNull())
    .addColumn('status', 'text', (column) =>
      column
        .notNull()
        .defaultTo('pending')
        .check(sql`status in ('pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action')`),
    )
    .addColumn('payment_status', 'text', (column) =>
      column
        .notNull()
        .defaultTo('not_paid')
        .check(
          sql`payment_status in ('not_paid', 'authorized', 'captured', 'partially_refunded', 'refunded', 'canceled', 'requires_action')`,
        ),
    )
    .addColumn('fulfillment_status', 'text', (column) =>
      column
        .notNull()
        .defaultTo('not_fulfilled')
        .check(
          sql`fulfillment_status in ('not_fulfilled', 'booked', 'shipped', 'delivered', 'partially_returned', 'returned', 'canceled')`,
        ),
    )
    .addColumn('resume_status', 'text')
    .addColumn('resume_payment_status', 'text')
    // Lines are written once with their order and read with it; nothing here asks for them by SKU.
    .addColumn('lines', 'jsonb', (column) => column.notNull().check(sql`jsonb_array_length(lines) between 1 and 2000`))
    .addColumn('total_minor', 'bigint', (column) => column.notNull().check(sql`total_minor >= 0`))
    .addColumn('currency', 'char(3)', (column) => column.notNull().check(sql`currency ~ '^[A-Z]{3}$'`))
    .addColumn('refunded_minor', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('shipping_address', 'jsonb', (column) => column.notNull())
    .addColumn('payment_method', 'text', (column) => column.notNull())
    .addColumn('rejection', 'jsonb')
    .addColumn('tracking_number', 'text')
    .addColumn('returnable_until', 'timestamptz')
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('recorded_at', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(toTheMillisecond))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // Nobody gets back more than was paid.
    .addCheckConstraint('refund_within_total', sql`refunded_minor between 0 and total_minor`)
    .addCheckConstraint('rejected_says_why', sql`status <> 'rejected' or rejection is not null`)
    // An order that is more than pending has been taken up by its workflow.
    .addCheckConstraint('only_recorded_orders_move', sql`recorded_at is not null or status = 'pending'`)
    .execute();
  // Every list is of recorded orders, newest first, of one customer or of all, with or without a status.
  await sql`create index orders_of_customer on orders (customer_id, created_at desc, id desc) where recorded_at is not null`.execute(
    db,
  );
  await sql`create index orders_by_age on orders (created_at desc, id desc) where recorded_at is not null`.execute(db);
  await sql`create index orders_by_status on orders (status, created_at desc, id desc) where recorded_at is not null`.execute(
    db,
  );
}

async function createHistory(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('order_history')
    .addColumn('position', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('order_id', 'uuid', (column) => column.notNull().references('orders.id'))
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('sequence', 'integer', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('step', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) =>
      column.notNull().check(sql`outcome in ('started', 'succeeded', 'failed', 'compensated', 'compensation_failed')`),
    )
    .addColumn('attempt', 'integer', (column) => column.check(sql`attempt >= 1`))
    .addColumn('detail', 'text')
    // A workflow that tells the same piece of its story twice adds nothing.
    .addUniqueConstraint('told_once', ['workflow_id', 'sequence'])
    .execute();
  await sql`create index history_of_order on order_history (order_id, position)`.execute(db);
}

async function createInterventions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('interventions')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('order_id', 'uuid', (column) => column.notNull().references('orders.id'))
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('step', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .defaultTo('open')
        .check(sql`state in ('open', 'resolved')`),
    )
    .addColumn('action', 'text', (column) => column.check(sql`action in ('retry', 'skip')`))
    .addColumn('note', 'text')
    .addColumn('resolved_by', 'text')
    .addColumn('opened_at', 'timestamptz', (column) => column.notNull().defaultTo(toTheMillisecond))
    .addColumn('resolved_at', 'timestamptz')
    // Who decided what, and when, or nothing yet.
    .addCheckConstraint(
      'resolved_says_how',
      sql`(state = 'open') = (action is null) and (state = 'open') = (resolved_by is null) and (state = 'open') = (resolved_at is null)`,
    )
    .execute();
  await sql`create index interventions_by_age on interventions (opened_at desc, id desc)`.execute(db);
  await sql`create index interventions_of_order on interventions (order_id) where state = 'open'`.execute(db);
}

async function createReturns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('returns')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('order_id', 'uuid', (column) => column.notNull().references('orders.id'))
    .addColumn('customer_id', 'uuid', (column) => column.notNull())
    .addColumn('status', 'text', (column) =>
      column
        .notNull()
        .defaultTo('requested')
        .check(sql`status in ('requested', 'received', 'refunded', 'expired')`),
    )
    .addColumn('lines', 'jsonb', (column) => column.notNull())
    .addColumn('received', 'jsonb', (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
    .addColumn('refund_minor', 'bigint', (column) => column.check(sql`refund_minor >= 0`))
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(toTheMillisecond))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await sql`create index returns_of_order on returns (order_id, created_at desc, id desc)`.execute(db);
}
