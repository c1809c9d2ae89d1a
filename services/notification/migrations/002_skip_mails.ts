import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await sql`alter table mails drop constraint mails_state_check`.execute(db);
  await sql`
    alter table mails add constraint mails_state_check
    check (state in ('queued', 'sending', 'sent', 'failed', 'unknown', 'expired', 'skipped'))`.execute(db);
}
