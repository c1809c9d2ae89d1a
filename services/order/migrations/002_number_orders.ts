import { type Kysely, sql } from 'kysely';

/** For people, who cannot read an id aloud. Five digits from the start, so that the numbers look alike. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      add column number bigint generated always as identity (start with 10001),
      add constraint orders_number_key unique (number)`.execute(db);
}
