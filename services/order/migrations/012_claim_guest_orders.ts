import { type Kysely, sql } from 'kysely';

/** Guests whose orders belong to a user, because they have shown to receive mail at the guest's address. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table guest_claims (
      guest_id uuid primary key,
      user_id uuid not null,
      claimed_at timestamptz not null default now(),
      -- When to look for orders of the guest next.
      due_at timestamptz not null default now(),
      -- Null while orders of the guest may still come.
      settled_at timestamptz
    )`.execute(db);
  await sql`create index guest_claims_due on guest_claims (due_at) where settled_at is null`.execute(db);
}
