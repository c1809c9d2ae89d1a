import { type Kysely, sql } from 'kysely';

/**
 * A carrier that uses one event id for two parcels, or for two movements of one, reports two movements: with the id alone
 * as the key, the second one was lost.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table movements
      drop constraint movements_pkey,
      add constraint movements_pkey primary key (movement_id, tracking_number, type)`.execute(db);
}
