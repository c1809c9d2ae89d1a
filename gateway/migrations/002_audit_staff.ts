import { type Kysely, sql } from 'kysely';

/**
 * The audit trail of staff. Both tables are append-only for the gateway: an entry is written before the action, and its
 * outcome after it, as another row. An action that happened therefore has an entry, also if the gateway dies meanwhile.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_entries (
      id uuid primary key,
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      at timestamptz(3) not null default clock_timestamp(),
      -- A user, or an API client.
      actor uuid not null,
      actor_role text not null,
      operation text not null,
      -- The ids that the path names, and those of what was to be created.
      subjects text[] not null,
      -- The reason or note of the request.
      reason text,
      request_id text not null
    )`.execute(db);
  await sql`create index audit_entries_newest on audit_entries (at desc, id desc)`.execute(db);
  await sql`create index audit_entries_of_actor on audit_entries (actor, at desc, id desc)`.execute(db);
  await sql`create index audit_entries_of_subject on audit_entries using gin (subjects)`.execute(db);
  await sql`
    create table audit_outcomes (
      entry_id uuid primary key references audit_entries,
      at timestamptz(3) not null default clock_timestamp(),
      -- The HTTP status of the response.
      status integer not null,
      -- The id of what the action created, if it did not have one before.
      created text
    )`.execute(db);
  await sql`create index audit_outcomes_created on audit_outcomes (created) where created is not null`.execute(db);
}
