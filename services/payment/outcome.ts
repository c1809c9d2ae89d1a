import { type Kysely, sql } from 'kysely';
import { paymentEvents } from '../../activities/payment.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import { createOutbox } from '../../platform/events/outbox.ts';
import type { Payment, PaymentDatabase } from './database.ts';
import type { Effects } from './ledger.ts';
import type { Receipt } from './processor.ts';

const outbox = createOutbox('payment', paymentEvents);

export type PaymentOutcome = { receipt: Receipt } | { refusal: Refusal };

/** One attempt of one step, its outcome, and what that changes in a payment. */
export interface Decided {
  step: string;
  attempt: number;
  outcome: PaymentOutcome;
  effects: Effects;
}

/**
 * Records an outcome with all its effects, in one statement. Changes nothing and returns false if the attempt has an
 * outcome already, or if the payment is no longer as `effects` assumes. Under the payment's lock its status is compared,
 * which says what is authorized, voided and captured, and whether a void was requested. The sums of refunds are not:
 * several refunds may be under way, and each only adds to them.
 */
export async function recordOutcome(
  db: Kysely<PaymentDatabase>,
  payment: Payment,
  { step, attempt, outcome, effects: { change, entries, events } }: Decided,
): Promise<boolean> {
  const {
    refund_reserved_by: reservedBy = 0,
    refunded_by: refundedBy = 0,
    manually_refunded_by: manuallyBy = 0,
    ...values
  } = change;
  const next = { ...payment, ...values };
  const { receipt, refusal } = { receipt: undefined, refusal: undefined, ...outcome };
  const { rows } = await sql<{ recorded: boolean }>`
    with payment as (
      select order_id from payments
      where order_id = ${payment.order_id} and status = ${payment.status} and undone = ${payment.undone}
      for update
    ),
    attempt as (
      update operations
      set state = ${refusal ? 'refused' : 'done'}, receipt_id = ${receipt?.id ?? null},
        refusal_code = ${refusal?.code ?? null}, refusal_message = ${refusal?.message ?? null}, at = now()
      from payment
      where operations.order_id = payment.order_id and step = ${step} and state = 'asked' and attempt = ${attempt}
      returning operations.order_id
    ),
    change as (
      update payments
      set status = ${next.status}, undone = ${next.undone}, authorized_minor = ${next.authorized_minor},
        voided_minor = ${next.voided_minor}, captured_minor = ${next.captured_minor},
        refund_reserved_minor = refund_reserved_minor + ${reservedBy},
        refunded_minor = refunded_minor + ${refundedBy},
        manually_refunded_minor = manually_refunded_minor + ${manuallyBy}, updated_at = now()
      from attempt where payments.order_id = attempt.order_id
      returning payments.order_id
    ),
    posted as (
      insert into ledger_entries (order_id, effect, debit_account, credit_account, amount_minor, currency)
      select change.order_id, entry.* from change, unnest(
        ${entries.map(({ effect }) => effect)}::text[], ${entries.map(({ debit }) => debit)}::text[],
        ${entries.map(({ credit }) => credit)}::text[], ${entries.map(({ amount }) => amount.amountMinor)}::bigint[],
        ${entries.map(({ amount }) => amount.currency)}::text[]) as entry
    ),
    published as (${outbox.insert('change', events)})
    select exists (select from change) as recorded`.execute(db);
  const { recorded } = rows[0]!;
  if (recorded && events.length > 0) outbox.announce();
  return recorded;
}
