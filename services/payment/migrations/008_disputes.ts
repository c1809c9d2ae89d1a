import { type Kysely, sql } from 'kysely';

/** Card holders may dispute payments. Rows from before satisfy the checks, so none has to be read under the lock. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- What the processor has taken back because of disputes, and not given back.
      add column disputed_minor bigint not null default 0,
      add constraint disputed_not_negative check (disputed_minor >= 0) not valid`.execute(db);
  await sql`
    create table disputes (
      -- The processor's.
      id text primary key check (id ~ '^[A-Za-z0-9_]{1,100}$'),
      order_id uuid not null references payments,
      hold_id uuid not null,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      reason text not null,
      -- Until when the processor wants an answer; null if it wants none.
      respond_by timestamptz,
      status text not null check (status in ('open', 'won', 'lost')),
      -- Whether the processor has taken the amount back, and how often money has moved: each time is posted once.
      withdrawn boolean not null default false,
      moves integer not null default 0 check (moves >= 0),
      -- How often it was recorded: what was asked before another answer was recorded is old.
      version integer not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint withdrawn_by_move check (moves > 0 or not withdrawn)
    )`.execute(db);
  await sql`create index disputes_of_order on disputes (order_id)`.execute(db);
  await sql`
    alter table ledger_entries
      drop constraint posting_is_known,
      add constraint posting_is_known check ((split_part(effect, ':', 1), debit_account, credit_account) in (
        ('authorize', 'card_holds', 'uncaptured_orders'),
        ('void', 'uncaptured_orders', 'card_holds'),
        ('rest', 'uncaptured_orders', 'card_holds'),
        ('expired', 'uncaptured_orders', 'card_holds'),
        ('capture', 'uncaptured_orders', 'card_holds'),
        ('capture', 'processor_receivable', 'sales'),
        ('capture_failed', 'card_holds', 'uncaptured_orders'),
        ('capture_failed', 'sales', 'processor_receivable'),
        ('manual_capture', 'bank', 'sales'),
        ('refund', 'refunds', 'processor_receivable'),
        ('refund_failed', 'processor_receivable', 'refunds'),
        ('manual_refund', 'refunds', 'bank'),
        ('dispute', 'disputes', 'processor_receivable'),
        ('dispute_won', 'processor_receivable', 'disputes'))) not valid`.execute(db);
}
