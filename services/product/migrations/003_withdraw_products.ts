import { type Kysely, sql } from 'kysely';

/** Products can be withdrawn from sale. Their rows stay, because past orders refer to them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table products add column sold boolean not null default true`.execute(db);
}
