import { type Kysely, sql } from 'kysely';

/**
 * An order's money may be held several times and captured in parts. Rows from before satisfy the checks, so none has to be read
 * under the lock, and the version before this one may still write them: a payment without rows in `holds` is its only hold.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await extendPayments(db);
  await createHolds(db);
  await extendOperations(db);
  await extendLedger(db);
}

async function extendPayments(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- From the second hold on, each hold has a row in holds, and the sums here are theirs.
      add column renewed boolean not null default false,
      -- Of captures under way: reserved before the request to the processor, so that two never use the same amount.
      add column capture_reserved_minor bigint not null default 0,
      add constraint capture_reserved_not_negative check (capture_reserved_minor >= 0) not valid,
      -- Whatever is held: an order is never charged more than it costs.
      add constraint captured_within_total
        check (captured_minor + capture_reserved_minor <= coalesce(amount_minor, 0)) not valid,
      add constraint capturing_within_authorized
        check (captured_minor + capture_reserved_minor <= authorized_minor) not valid,
      drop constraint payments_status_check,
      -- partially_captured: more may be captured. captured: no more is. expired: the hold is gone, another may be placed.
      add constraint payments_status_check check (status in
        ('pending', 'authorized', 'declined', 'partially_captured', 'captured', 'voided', 'expired')) not valid,
      drop constraint authorized_as_asked,
      add constraint authorized_as_asked check (renewed or authorized_minor in (0, amount_minor)) not valid,
      drop constraint status_as_amounts,
      add constraint status_as_amounts check (
        (status not in ('pending', 'declined') or authorized_minor = 0)
        and (status in ('partially_captured', 'captured') or captured_minor = 0)
        and (renewed or status in ('partially_captured', 'captured', 'voided', 'expired') or voided_minor = 0)) not valid`.execute(
    db,
  );
}

async function createHolds(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table holds (
      order_id uuid not null references payments,
      -- The first hold's is the order's.
      hold_id uuid not null,
      -- A hold takes the place of those with a lower number.
      number integer not null check (number >= 1),
      amount_minor bigint not null check (amount_minor between 0 and 999999999999),
      payment_method text not null,
      -- The processor's id of this hold. The first hold's is in payments.
      reference text unique,
      holder_asked boolean not null default false,
      -- Nothing more is captured of it: it was given up, or it is gone.
      closed boolean not null default false,
      authorized_minor bigint not null default 0 check (authorized_minor >= 0),
      voided_minor bigint not null default 0 check (voided_minor >= 0),
      captured_minor bigint not null default 0 check (captured_minor >= 0),
      capture_reserved_minor bigint not null default 0 check (capture_reserved_minor >= 0),
      refund_reserved_minor bigint not null default 0 check (refund_reserved_minor >= 0),
      refunded_minor bigint not null default 0 check (refunded_minor >= 0),
      created_at timestamptz not null default now(),
      primary key (order_id, hold_id),
      unique (order_id, number),
      constraint first_is_of_order check ((number = 1) = (hold_id = order_id)),
      constraint authorized_as_asked check (authorized_minor in (0, amount_minor)),
      constraint captured_within_authorized check (captured_minor + voided_minor <= authorized_minor),
      constraint capturing_within_authorized check (captured_minor + capture_reserved_minor <= authorized_minor),
      -- The processor refunds what it has captured of this hold, and no more.
      constraint refunded_within_captured check (refunded_minor + refund_reserved_minor <= captured_minor)
    )`.execute(db);
}

async function extendOperations(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table operations
      -- The hold that the processor is asked about; null: the first.
      add column hold_id uuid,
      -- What the processor is asked for, where that may differ from what was requested. Null: amount_minor.
      add column asked_minor bigint,
      -- Of a capture: the last one, which releases the rest. Of a void: it releases the rest of a captured hold, too.
      add column final boolean,
      add constraint asked_not_negative check (asked_minor >= 0) not valid,
      drop constraint operations_step_check,
      add constraint operations_step_check check (
        step ~ '^((authorize|void|release|capture)(:[0-9a-f-]{36})?|rest|refund:[0-9a-f-]{36}(:[0-9]+)?|manual_refund:[0-9a-f-]{36})$'
      ) not valid`.execute(db);
}

async function extendLedger(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table ledger_entries
      drop constraint posting_is_known,
      add constraint posting_is_known check ((split_part(effect, ':', 1), debit_account, credit_account) in (
        ('authorize', 'card_holds', 'uncaptured_orders'),
        ('void', 'uncaptured_orders', 'card_holds'),
        -- What a last capture leaves.
        ('rest', 'uncaptured_orders', 'card_holds'),
        ('expired', 'uncaptured_orders', 'card_holds'),
        ('capture', 'uncaptured_orders', 'card_holds'),
        ('capture', 'processor_receivable', 'sales'),
        ('refund', 'refunds', 'processor_receivable'),
        -- The processor has said yes to a refund and could not pay it.
        ('refund_failed', 'processor_receivable', 'refunds'),
        ('manual_refund', 'refunds', 'bank'))) not valid`.execute(db);
}
