import { type Kysely, sql } from 'kysely';

/**
 * People may give a refund up, or pay it outside of the processor. Rows from before satisfy the checks, so none has to be read
 * under the lock.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      add column manually_refunded_minor bigint not null default 0,
      add constraint manually_refunded_not_negative check (manually_refunded_minor >= 0) not valid,
      drop constraint refunded_within_captured,
      -- Holds for concurrent refunds too: each reserves its share before the request to the processor.
      add constraint refunded_within_captured
        check (refunded_minor + refund_reserved_minor + manually_refunded_minor <= captured_minor) not valid`.execute(
    db,
  );
  await sql`
    alter table operations
      drop constraint operations_step_check,
      add constraint operations_step_check
        check (step ~ '^(authorize|void|release|capture|refund:[0-9a-f-]{36}|manual_refund:[0-9a-f-]{36})$') not valid,
      drop constraint operations_state_check,
      -- given_up: a person has decided that the processor shall not do it, also not late.
      add constraint operations_state_check check (state in ('asked', 'done', 'refused', 'given_up')) not valid`.execute(
    db,
  );
  await sql`
    alter table ledger_entries
      drop constraint posting_is_known,
      add constraint posting_is_known check ((split_part(effect, ':', 1), debit_account, credit_account) in (
        ('authorize', 'card_holds', 'uncaptured_orders'),
        ('void', 'uncaptured_orders', 'card_holds'),
        ('capture', 'uncaptured_orders', 'card_holds'),
        ('capture', 'processor_receivable', 'sales'),
        ('refund', 'refunds', 'processor_receivable'),
        ('manual_refund', 'refunds', 'bank'))) not valid`.execute(db);
}
