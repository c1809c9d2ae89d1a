import { type Kysely, sql } from 'kysely';

/** What staff write down about an order. Append-only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table order_notes (
      -- Derived from the caller and the Idempotency-Key, so that a repeated request finds its own row.
      id uuid primary key,
      order_id uuid not null references orders,
      author_id uuid not null,
      text text not null check (length(text) between 1 and 4000),
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      created_at timestamptz not null default date_trunc('milliseconds', now())
    )`.execute(db);
  await sql`create index notes_of_order on order_notes (order_id, created_at desc, id desc)`.execute(db);
}
