import { type Kysely, sql } from 'kysely';

/** A hold that the card's holder confirms after the void is released by a step of its own. Rows from before satisfy the check. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Whether the card's holder was told to confirm: only then does anybody wait for the processor's events.
  await sql`alter table payments add column holder_asked boolean not null default false`.execute(db);
  await sql`
    alter table operations
      drop constraint operations_step_check,
      add constraint operations_step_check
        check (step ~ '^(authorize|void|release|capture|refund:[0-9a-f-]{36})$') not valid`.execute(db);
}
