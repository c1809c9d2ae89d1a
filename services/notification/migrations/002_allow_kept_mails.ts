import { type Kysely, sql } from 'kysely';

/** `kept`: no mail server was set. Rows from before satisfy the narrower check, so none has to be read under the lock. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table mails
      drop constraint mails_state_check,
      add constraint mails_state_check
        check (state in ('queued', 'sending', 'sent', 'kept', 'failed', 'unknown', 'expired', 'skipped')) not valid
  `.execute(db);
}
