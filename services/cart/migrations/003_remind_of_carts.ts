import type { Kysely } from 'kysely';
import { createInbox } from '../../../platform/events/inbox.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('carts')
    // The version of which its owner was reminded last: of one version once.
    .addColumn('reminded_version', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await createInbox(db);
}
