import { type Kysely, sql } from 'kysely';

/** Roles of staff, accounts that are deactivated, verified e-mail addresses, links in e-mails, and a search of users. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSearch(db);
  // One statement, because most of its parts write the whole table anew.
  await sql`
    alter table users
      drop constraint users_role_check,
      add constraint users_role_check check (role in ('customer', 'viewer', 'support', 'fulfilment', 'admin')),
      -- Null: the account is active.
      add column deactivated_at timestamptz,
      -- Null: nobody has shown yet that they receive mail at this address.
      add column email_verified_at timestamptz,
      -- Milliseconds, like a JavaScript date: a cursor made of a row's time finds exactly that row again.
      alter column created_at type timestamptz(3),
      add column terms tsvector not null generated always as (user_terms(email, name)) stored`.execute(db);
  await sql`create index users_newest on users (created_at desc, id desc)`.execute(db);
  await sql`create index users_terms on users using gin (terms)`.execute(db);
  // Every gateway polls for deactivated accounts once a second.
  await sql`create index users_deactivated on users (deactivated_at) where deactivated_at is not null`.execute(db);
  await sql`
    alter table sessions
      drop constraint sessions_end_reason_check,
      add constraint sessions_end_reason_check check (end_reason in
        ('signed_out', 'password_changed', 'token_reused', 'displaced', 'role_changed', 'deactivated'))`.execute(db);
  await createLinks(db);
}

/**
 * `user_terms(email, name)`: the address, and the words of the name; of "O'Brien-Smith" also its parts. `user_query(text)`
 * matches the terms that begin with each of its words. Null without a word. Case and accents do not matter, and only the
 * first 100 characters of a word count, because a term of PostgreSQL has at most 2 KB.
 */
async function createSearch(db: Kysely<unknown>): Promise<void> {
  // The combining marks that NFKD separates from Latin, Greek and Cyrillic letters.
  await sql`
    create function user_text(given text) returns text language sql immutable strict parallel safe
    return lower(regexp_replace(normalize(given, NFKD), '[\\u0300-\\u036f]', '', 'g'))`.execute(db);
  await sql`
    create function user_terms(email text, name text) returns tsvector language sql immutable strict parallel safe
    begin atomic
      select array_to_tsvector(coalesce(array_agg(distinct left(term, 100)), '{}'))
        from (
          select user_text(email) as term
          union all select regexp_split_to_table(user_text(name), '\\s+')
          union all select regexp_split_to_table(user_text(name), '[^[:alnum:]]+')
        ) as terms
       where term <> '';
    end`.execute(db);
  await sql`
    create function user_query(given text) returns tsquery language sql immutable strict parallel safe
    begin atomic
      select string_agg(format('''%s'':*', replace(replace(left(word, 100), '\\', '\\\\'), '''', '''''')), ' & ')::tsquery
        from regexp_split_to_table(user_text(given), '\\s+') as word
       where word <> '';
    end`.execute(db);
}

async function createLinks(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mail_links (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      purpose text not null check (purpose in ('password_reset', 'email_verification')),
      -- The address that the link is for: somebody who follows it receives mail there.
      email text not null,
      -- SHA-256 of 256 random bits, as for refresh tokens. Null until the mail is written.
      token_hash bytea unique check (length(token_hash) = 32),
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index mail_links_of_user on mail_links (user_id, purpose)`.execute(db);
  // What people typed into "forgot your password", until it is looked up a moment later. The request itself looks nothing
  // up, so that its time does not tell whether there is an account.
  await sql`
    create table reset_requests (
      id bigint generated always as identity primary key,
      email text not null
    )`.execute(db);
}
