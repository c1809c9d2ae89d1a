import { type Kysely, sql } from 'kysely';

/**
 * The processor may take a capture back, and people may get the money in another way. Rows from before satisfy the checks, so
 * none has to be read under the lock, and the version before this one may still write them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- What was captured, and the processor has taken back since: it counts as captured no longer.
      add column capture_failed_minor bigint not null default 0,
      -- By people, outside of the processor, of what it has taken back.
      add column manually_captured_minor bigint not null default 0,
      add constraint capture_failed_not_negative check (capture_failed_minor >= 0) not valid,
      add constraint manually_captured_within_failed
        check (manually_captured_minor between 0 and capture_failed_minor) not valid,
      drop constraint refunded_within_captured,
      -- Holds for concurrent refunds too: each reserves its share before the request to the processor. What was refunded before
      -- its capture was taken back stays refunded.
      add constraint refunded_within_captured check
        (refunded_minor + refund_reserved_minor + manually_refunded_minor <= captured_minor + capture_failed_minor) not valid`.execute(
    db,
  );
  await sql`
    alter table holds
      -- The capture that it was placed for, of what was captured and taken back. Null: of what is still to be sent.
      add column capture_id uuid,
      add column capture_failed_minor bigint not null default 0,
      add constraint capture_failed_not_negative check (capture_failed_minor >= 0) not valid,
      drop constraint refunded_within_captured,
      add constraint refunded_within_captured
        check (refunded_minor + refund_reserved_minor <= captured_minor + capture_failed_minor) not valid`.execute(db);
  await sql`
    alter table operations
      drop constraint operations_step_check,
      add constraint operations_step_check check (
        step ~ '^((authorize|void|release|capture)(:[0-9a-f-]{36})?|rest|refund:[0-9a-f-]{36}(:[0-9]+)?|manual_(refund|capture):[0-9a-f-]{36})$'
      ) not valid`.execute(db);
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
        -- Against both entries of the capture.
        ('capture_failed', 'card_holds', 'uncaptured_orders'),
        ('capture_failed', 'sales', 'processor_receivable'),
        ('manual_capture', 'bank', 'sales'),
        ('refund', 'refunds', 'processor_receivable'),
        ('refund_failed', 'processor_receivable', 'refunds'),
        ('manual_refund', 'refunds', 'bank'))) not valid`.execute(db);
}
