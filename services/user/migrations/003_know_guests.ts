import { type Kysely, sql } from 'kysely';

/** People who order without an account, the links to their orders, and how their orders come to belong to an account. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Not users: an address may belong to many guests and to an account, and nobody signs in as a guest.
  await sql`
    create table guests (
      id uuid primary key,
      email text not null,
      name text,
      created_at timestamptz not null default now(),
      ordered_at timestamptz,
      claimed_by uuid references users on delete cascade,
      claimed_at timestamptz,
      constraint named_with_first_order check ((name is null) = (ordered_at is null)),
      constraint claimed_at_some_time check ((claimed_by is null) = (claimed_at is null)),
      -- Others have nothing that could be claimed.
      constraint claimed_with_orders check (claimed_by is null or ordered_at is not null)
    )`.execute(db);
  // Finds the guests of an address when it is verified.
  await sql`
    create index guests_to_claim on guests (lower(email))
    where ordered_at is not null and claimed_by is null`.execute(db);
  // Finds those that are purged.
  await sql`create index guests_without_order on guests (created_at) where ordered_at is null`.execute(db);
  // A queue, because an address may have many guests and they are claimed in small steps.
  await sql`
    create table guest_claims (
      id bigint generated always as identity primary key,
      user_id uuid not null references users on delete cascade
    )`.execute(db);
  await sql`
    alter table mail_links
      alter column user_id drop not null,
      add column guest_id uuid references guests on delete cascade,
      drop constraint mail_links_purpose_check,
      add constraint mail_links_purpose_check
        check (purpose in ('password_reset', 'email_verification', 'guest_orders')),
      add constraint of_user_or_guest check ((user_id is null) <> (guest_id is null)),
      add constraint guests_see_orders check ((guest_id is not null) = (purpose = 'guest_orders'))`.execute(db);
  await sql`create index mail_links_of_guest on mail_links (guest_id) where guest_id is not null`.execute(db);
}
