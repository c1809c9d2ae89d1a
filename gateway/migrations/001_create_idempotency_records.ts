import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('idempotency_records')
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('route', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('request_hash', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in ('running', 'done')`))
    .addColumn('holder', 'uuid', (column) => column.notNull())
    .addColumn('locked_until', 'timestamptz', (column) => column.notNull())
    .addColumn('status', 'integer')
    // As text, so that a repeat gets the first answer byte for byte; jsonb would sort its fields.
    .addColumn('headers', 'text')
    .addColumn('body', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // Races between two requests under one key end here.
    .addPrimaryKeyConstraint('idempotency_records_key', ['caller', 'route', 'key'])
    // What is done has an answer to repeat.
    .addCheckConstraint('done_has_answer', sql`state <> 'done' or (status is not null and headers is not null)`)
    .execute();
  // What is old is looked for every hour.
  await sql`create index idempotency_records_age on idempotency_records (created_at)`.execute(db);
}
