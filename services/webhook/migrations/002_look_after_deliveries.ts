import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  await sql`create index deliveries_late on deliveries (next_attempt_at)
             where state = 'pending' and started_round = round`.execute(db);
}
