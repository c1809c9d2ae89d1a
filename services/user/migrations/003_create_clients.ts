import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await db.schema
    .createTable('clients')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('scopes', sql`text[]`, (column) => column.notNull().check(sql`cardinality(scopes) > 0`))
    // SHA-256 of 256 random bits, as of refresh tokens.
    .addColumn('secret_hash', 'bytea', (column) => column.notNull().check(sql`length(secret_hash) = 32`))
    .addColumn('previous_hash', 'bytea')
    .addColumn('previous_until', 'timestamptz')
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    // Kept: who had access is a question that is asked later.
    .addColumn('deleted_at', 'timestamptz')
    .addCheckConstraint('previous_ends', sql`(previous_hash is null) = (previous_until is null)`)
    .execute();
}
