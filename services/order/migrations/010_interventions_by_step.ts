import { type Kysely, sql } from 'kysely';

/** The list of interventions can be of one step. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index interventions_by_step on interventions (step, opened_at desc, id desc)`.execute(db);
}
