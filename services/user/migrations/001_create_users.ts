import { type Kysely, sql } from 'kysely';
import { createOutbox } from '../../../platform/events/outbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull().check(sql`role in ('customer', 'admin')`))
    .addColumn('shipping_address', 'jsonb')
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  // Nobody can sign up as somebody else by writing the address in capitals.
  await sql`create unique index users_email on users (lower(email))`.execute(db);

  await db.schema
    // Apart from the users, so that no reading of a user, and no message about a failing row, can carry a hash.
    .createTable('credentials')
    .addColumn('user_id', 'uuid', (column) => column.primaryKey().references('users.id').onDelete('cascade'))
    // A password as it was typed can never be stored here by mistake.
    .addColumn('password_hash', 'text', (column) => column.notNull().check(sql`password_hash like '$argon2id$v=19$%'`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await createOutbox(db);
}
