import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('user_agent', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('last_used_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addColumn('ended_at', 'timestamptz')
    .addColumn('end_reason', 'text', (column) =>
      column.check(sql`end_reason in ('signed_out', 'password_changed', 'token_reused', 'displaced')`),
    )
    .addCheckConstraint('ended_for_a_reason', sql`(ended_at is null) = (end_reason is null)`)
    .execute();
  await sql`create index sessions_open on sessions (user_id, last_used_at) where ended_at is null`.execute(db);
  // What gateways ask for every second.
  await sql`create index sessions_ended on sessions (ended_at) where ended_at is not null`.execute(db);

  await db.schema
    .createTable('refresh_tokens')
    // SHA-256 of 256 random bits: nobody who reads this table can sign in, and no salt or slowness is needed.
    .addColumn('token_hash', 'bytea', (column) => column.primaryKey().check(sql`length(token_hash) = 32`))
    .addColumn('session_id', 'uuid', (column) => column.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('spent_at', 'timestamptz')
    // What, together with the token itself, makes its successor again.
    .addColumn('successor_salt', 'bytea')
    .addCheckConstraint('spent_for_a_successor', sql`(spent_at is null) = (successor_salt is null)`)
    .execute();
  // A session is one line of tokens that never forks, however many ask at once.
  await sql`create unique index refresh_tokens_current on refresh_tokens (session_id) where spent_at is null`.execute(
    db,
  );
  await sql`create index refresh_tokens_session on refresh_tokens (session_id)`.execute(db);

  await db.schema
    .createTable('sign_in_attempts')
    // A digest: what people typed into the e-mail field may be a password, or the address of somebody unknown here.
    .addColumn('subject', 'bytea', (column) => column.primaryKey())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('last_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('blocked_until', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();

  await db.schema
    .createTable('known_addresses')
    .addColumn('user_id', 'uuid', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addPrimaryKeyConstraint('known_addresses_key', ['user_id', 'address'])
    .execute();
}
