import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`set local lock_timeout = '5s'`.execute(db);
  // Null for what was decided before anybody asked when: only the last seconds are ever counted.
  await sql`alter table orders add column decided_at timestamptz`.execute(db);
  // Admission counts both once a second, on either side of the moment an order is decided.
  await sql`create index orders_decided on orders (decided_at) where decided_at is not null`.execute(db);
  await sql`create index orders_undecided on orders (created_at) where status = 'pending'`.execute(db);
}
