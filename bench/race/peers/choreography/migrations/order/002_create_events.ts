import { type Kysely, sql } from 'kysely';
import { createInbox, createOutbox } from '../create-events.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  // A client that asks again is told why; there is no engine that would remember it.
  await sql`alter table orders add column reason text,
    add constraint rejection_has_reason check ((status = 'rejected') = (reason is not null))`.execute(db);
  await createOutbox(db);
  await createInbox(db);
}
