import { type Kysely, sql } from 'kysely';
import type { Operation, Payment, PaymentDatabase, PaymentRow, PaymentTransaction } from './database.ts';
import { withOnlyHold } from './holds.ts';
import { type Sums, NO_EFFECTS, after } from './ledger.ts';
import type { PaymentStep, Planned } from './operation.ts';
import { added } from './outcome.ts';

/** What an attempt asks the processor for. It is stored, so that a repeat under the same key asks for the same. */
export interface Asked {
  holdId: string;
  /** What was requested. */
  amountMinor: number;
  /** What the processor is asked for, where that may differ. */
  askedMinor?: number | undefined;
  final?: boolean | undefined;
  /** Reserved until the outcome is known. */
  reserves?: Sums;
}

export interface StartedAttempt {
  payment: Payment;
  asked: Asked;
  attempt: number;
  /** An earlier call to the processor was recorded as started, but its outcome was not. */
  outcomeUnknown: boolean;
}

/** The amount that the processor is asked for. */
export const minorOf = ({ amountMinor, askedMinor = amountMinor }: Asked): number => askedMinor;

export const askedOf = ({ order_id, hold_id, amount_minor, asked_minor, final }: Operation): Asked => ({
  holdId: hold_id ?? order_id,
  amountMinor: amount_minor,
  askedMinor: asked_minor ?? undefined,
  final: final ?? undefined,
});

export const findOperation = (
  db: Kysely<PaymentDatabase>,
  orderId: string,
  step: string,
): Promise<Operation | undefined> =>
  db.selectFrom('operations').selectAll().where('order_id', '=', orderId).where('step', '=', step).executeTakeFirst();

interface Begun extends PaymentRow {
  begun_amount_minor: number;
  begun_asked_minor: number | null;
  begun_final: boolean | null;
}

/**
 * Starts the first attempt of a payment with one hold in one statement: locks the payment, stores the attempt unless there is
 * one, and reserves what a capture asks for. Undefined if it takes a closer look.
 */
export async function beginAttempt(
  db: Kysely<PaymentDatabase>,
  { orderId, name, begin }: PaymentStep,
): Promise<StartedAttempt | undefined> {
  if (!begin) return undefined;
  const { askedMinor, final } = begin.capture ?? { askedMinor: sql`null::bigint`, final: sql`null::boolean` };
  const reserved = sql`
    reserved as (
      update payments set capture_reserved_minor = capture_reserved_minor + operation.asked_minor, updated_at = now()
      from operation where payments.order_id = operation.order_id
    )`;
  const { rows } = await sql<Begun>`
    with payment as (${begin.payment}),
    operation as (
      insert into operations (order_id, step, state, amount_minor, asked_minor, final)
      select order_id, ${name}, 'asked', ${begin.amountMinor}, ${askedMinor}, ${final} from payment
      on conflict (order_id, step) do nothing
      returning order_id, amount_minor, asked_minor, final
    )${begin.capture ? sql`, ${reserved}` : sql``}
    select payment.*, operation.amount_minor as begun_amount_minor, operation.asked_minor as begun_asked_minor,
      operation.final as begun_final
    from payment join operation using (order_id)`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const { begun_amount_minor, begun_asked_minor, begun_final, ...payment } = row;
  const asked = {
    holdId: orderId,
    amountMinor: begun_amount_minor,
    askedMinor: begun_asked_minor ?? undefined,
    final: begun_final ?? undefined,
  };
  payment.capture_reserved_minor += begun_asked_minor ?? 0;
  return { payment: withOnlyHold(payment), asked, attempt: 1, outcomeUnknown: false };
}

/** Stores an attempt and reserves its amount, under the payment's lock. Returns the payment with what is reserved. */
export async function storeAttempt(
  transaction: PaymentTransaction,
  { orderId, name }: Pick<PaymentStep, 'orderId' | 'name'>,
  { payment, asked, attempt }: Planned & { attempt: number },
): Promise<Payment> {
  const { holdId, amountMinor, askedMinor = null, final = null, reserves } = asked;
  const operation = sql`
    insert into operations (order_id, step, state, attempt, amount_minor, hold_id, asked_minor, final)
    values (${orderId}, ${name}, 'asked', ${attempt}, ${amountMinor}, ${holdId === orderId ? null : holdId}::uuid,
      ${askedMinor}::bigint, ${final}::boolean)
    on conflict (order_id, step) do update set state = 'asked', attempt = excluded.attempt, hold_id = excluded.hold_id,
      amount_minor = excluded.amount_minor, asked_minor = excluded.asked_minor, final = excluded.final, refusal_code = null, refusal_message = null, at = now()
    returning order_id`;
  if (!reserves) {
    await operation.execute(transaction);
    return payment;
  }
  await sql`
    with operation as (${operation}),
    reserved as (
      update payments set ${added(reserves)}, updated_at = now()
      from operation where payments.order_id = operation.order_id
    )
    ${
      payment.renewed
        ? sql`update holds set ${added(reserves)} from operation where holds.order_id = operation.order_id and hold_id = ${holdId}`
        : sql`select from operation`
    }`.execute(transaction);
  return after(payment, { ...NO_EFFECTS, sums: reserves, holdId });
}
