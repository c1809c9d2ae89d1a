import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createUsers(db);
  await createSessions(db);
  await createDefences(db);
  await createClients(db);
  await createOutbox(db);
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id uuid primary key,
      email text not null,
      name text not null,
      role text not null check (role in ('customer', 'admin')),
      shipping_address jsonb,
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
  // Nobody can sign up with another person's address by changing the case of its letters.
  await sql`create unique index users_email on users (lower(email))`.execute(db);
  // Separate from users, so that no query of a user, and no error message about a failing row, can contain a hash.
  await sql`
    create table credentials (
      user_id uuid primary key references users on delete cascade,
      -- A plain-text password can never be stored here by mistake.
      password_hash text not null check (password_hash like '$argon2id$v=19$%'),
      updated_at timestamptz not null default now()
    )`.execute(db);
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sessions (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      user_agent text,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null,
      ended_at timestamptz,
      end_reason text check (end_reason in ('signed_out', 'password_changed', 'token_reused', 'displaced')),
      constraint ended_for_a_reason check ((ended_at is null) = (end_reason is null))
    )`.execute(db);
  await sql`create index sessions_open on sessions (user_id, last_used_at) where ended_at is null`.execute(db);
  // Every gateway polls for ended sessions once a second.
  await sql`create index sessions_ended on sessions (ended_at) where ended_at is not null`.execute(db);
  await sql`
    create table refresh_tokens (
      -- SHA-256 of 256 random bits: nobody who reads this table can sign in, and no salt or slow hash is needed.
      token_hash bytea primary key check (length(token_hash) = 32),
      session_id uuid not null references sessions on delete cascade,
      spent_at timestamptz,
      -- The token and this salt give its successor again.
      successor_salt bytea,
      constraint spent_for_a_successor check ((spent_at is null) = (successor_salt is null))
    )`.execute(db);
  // A session has one current token, even if several requests refresh it at the same time.
  await sql`
    create unique index refresh_tokens_current on refresh_tokens (session_id)
    where spent_at is null`.execute(db);
  await sql`create index refresh_tokens_session on refresh_tokens (session_id)`.execute(db);
}

/** What slows down guessing of passwords, and the addresses from which it must not keep a user out. */
async function createDefences(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sign_in_attempts (
      -- A digest: the text typed as e-mail address may be a password, or the address of a person who has no account.
      subject bytea primary key,
      failures integer not null,
      last_at timestamptz not null default now(),
      blocked_until timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table known_addresses (
      user_id uuid not null references users on delete cascade,
      address text not null,
      seen_at timestamptz not null default now(),
      constraint known_addresses_key primary key (user_id, address)
    )`.execute(db);
}

async function createClients(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table clients (
      id uuid primary key,
      name text not null,
      scopes text[] not null check (cardinality(scopes) > 0),
      -- SHA-256 of 256 random bits, as for refresh tokens.
      secret_hash bytea not null check (length(secret_hash) = 32),
      -- The secret before the last rotation, and until when it is accepted.
      previous_hash bytea,
      previous_until timestamptz,
      created_by text not null,
      created_at timestamptz not null default now(),
      -- A deleted client is kept, because audits ask later who had access.
      deleted_at timestamptz,
      constraint previous_ends check ((previous_hash is null) = (previous_until is null))
    )`.execute(db);
}

/** The events that this service publishes, written in the transaction of the change. */
async function createOutbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox (
      sequence bigint generated always as identity primary key,
      id uuid not null unique,
      source text not null,
      type text not null,
      subject text not null,
      data jsonb not null,
      traceparent text,
      occurred_at timestamptz not null default clock_timestamp()
    )`.execute(db);
}
