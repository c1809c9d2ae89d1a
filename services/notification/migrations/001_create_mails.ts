import { type Kysely, sql } from 'kysely';
import { createInbox } from '../../../platform/events/inbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await createInbox(db);
  await db.schema
    .createTable('mails')
    // The event's: there is never a second mail for it.
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('template', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'uuid', (column) => column.notNull())
    .addColumn('data', 'jsonb', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('queued', 'sending', 'sent', 'failed', 'unknown', 'expired')`),
    )
    .addColumn('recipient', 'text')
    .addColumn('subject', 'text')
    .addColumn('text', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('error', 'text')
    .addColumn('occurred_at', 'timestamptz', (column) => column.notNull())
    .addColumn('next_attempt_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('created_at', 'timestamptz', (column) =>
      column.notNull().defaultTo(sql`date_trunc('milliseconds', now())`),
    )
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await sql`create index mails_to_send on mails (next_attempt_at) where state in ('queued', 'sending')`.execute(db);
  await sql`create index mails_by_age on mails (created_at desc, id desc)`.execute(db);
}
