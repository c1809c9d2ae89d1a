import { type Kysely, type RawBuilder, sql } from 'kysely';
import { paymentEvents } from '../../activities/payment.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import { createOutbox } from '../../platform/events/outbox.ts';
import type { Payment, PaymentDatabase } from './database.ts';
import { type Effects, type Sums, SUMS } from './ledger.ts';
import type { Receipt } from './processor.ts';
import { insertSaved } from './saved-methods.ts';

const outbox = createOutbox('payment', paymentEvents);

export type PaymentOutcome = { receipt: Receipt } | { refusal: Refusal };

/** One attempt of one step, its outcome, and what that changes in a payment. */
export interface Decided {
  step: string;
  attempt: number;
  outcome: PaymentOutcome | Failure;
  effects: Effects;
}

/** What the processor had done, and now says has failed. */
export interface Failure {
  failed: Receipt;
}

/**
 * Records an outcome with all its effects, in one statement. Changes nothing and returns false if the attempt has an
 * outcome already, or if the payment is no longer as `effects` assumes. Under the payment's lock its status is compared,
 * what is authorized, voided, captured and reserved for captures, and whether a void was requested or a hold was added. The
 * sums of refunds are not: several refunds may be under way, and each only adds to them.
 */
export async function recordOutcome(
  db: Kysely<PaymentDatabase>,
  payment: Payment,
  { step, attempt, outcome, effects }: Decided,
): Promise<boolean> {
  const { change, sums, manuallyRefundedBy = 0, manuallyCapturedBy = 0, entries, events } = effects;
  const next = { ...payment, ...change };
  const several = (payment.renewed ? undefined : effects.capturesSeveral) ?? null;
  const { receipt, refusal, failed } = { receipt: undefined, refusal: undefined, failed: undefined, ...outcome };
  const state = failed ? 'failed' : refusal ? 'refused' : 'done';
  const { rows } = await sql<{ recorded: boolean }>`
    with payment as (
      select order_id from payments
      where order_id = ${payment.order_id} and status = ${payment.status} and undone = ${payment.undone}
        and renewed = ${payment.renewed} and settled = ${payment.settled} and authorized_minor = ${payment.authorized_minor}
        and voided_minor = ${payment.voided_minor} and captured_minor = ${payment.captured_minor}
        and capture_reserved_minor = ${payment.capture_reserved_minor}
      for update
    ),
    attempt as (
      update operations
      set state = ${state}, receipt_id = ${(receipt ?? failed)?.id ?? null},
        refusal_code = ${refusal?.code ?? null}, refusal_message = ${refusal?.message ?? null}, at = now()
      -- By the parameter, and not by the payment's column: where a new database has no statistics, the cached plan of a join
      -- reads the whole table.
      from payment
      where operations.order_id = ${payment.order_id} and step = ${step} and state = ${failed ? 'done' : 'asked'}
        and attempt = ${attempt}
      returning operations.order_id
    ),
    change as (
      update payments
      set status = ${next.status}, undone = ${next.undone}, settled = ${next.settled}, ${added(sums)},
        manually_refunded_minor = manually_refunded_minor + ${manuallyRefundedBy},
        manually_captured_minor = manually_captured_minor + ${manuallyCapturedBy},
        captures_several = coalesce(${several}::boolean, captures_several), updated_at = now()
      from attempt where payments.order_id = attempt.order_id
      returning payments.order_id
    ),
    ${payment.renewed ? changeHold(effects) : sql``}
    ${effects.saved ? insertSaved(payment, effects.saved) : sql``}
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

const changeHold = ({ sums, holdId, closes = false, capturesSeveral }: Effects): RawBuilder<unknown> => sql`
  hold as (
    update holds set ${added(sums)}, closed = closed or ${closes},
      captures_several = coalesce(${capturesSeveral ?? null}::boolean, captures_several)
    from change where holds.order_id = change.order_id and hold_id = ${holdId ?? null}::uuid
  ),`;

/** All sums, so that the text is the same for every step, and the statement stays a prepared one. */
export const added = (sums: Sums): RawBuilder<unknown> =>
  sql.join(SUMS.map((name) => sql`${sql.ref(name)} = ${sql.ref(name)} + ${sums[name] ?? 0}`));
