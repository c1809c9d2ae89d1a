import { type Kysely, sql } from 'kysely';
import type { Hold, Payment, PaymentDatabase, PaymentRow, PaymentTransaction } from './database.ts';
import { everCaptured, isFirst, withOnlyHold } from './holds.ts';

/** Locks an order's payment for the rest of the transaction; undefined if none was ever requested. */
export async function lockPayment(transaction: PaymentTransaction, orderId: string): Promise<Payment | undefined> {
  const row = await transaction
    .selectFrom('payments')
    .selectAll()
    .where('order_id', '=', orderId)
    .forUpdate()
    .executeTakeFirst();
  return row && withHolds(transaction, row);
}

/** The payment with its holds. Under the payment's lock they do not change. */
export async function withHolds(db: Kysely<PaymentDatabase>, row: PaymentRow): Promise<Payment> {
  if (!row.renewed) return withOnlyHold(row);
  const holds = await db
    .selectFrom('holds')
    .selectAll()
    .where('order_id', '=', row.order_id)
    .orderBy('number')
    .execute();
  const { reference, holder_asked } = row;
  return { ...row, holds: holds.map((hold) => (isFirst(hold) ? { ...hold, reference, holder_asked } : hold)) };
}

/**
 * Creates the payment's row if it does not exist, and locks it, in one statement. The first request sets the terms. A
 * void leaves its mark on a payment that exists, too.
 */
export async function createOrLockPayment(
  transaction: PaymentTransaction,
  orderId: string,
  terms:
    | { amount_minor: number; currency: string; payment_method: string }
    | { amount_minor: null; currency: null; payment_method: null; undone: true },
): Promise<Payment> {
  const row = await transaction
    .insertInto('payments')
    .values({ order_id: orderId, ...terms })
    .onConflict((conflict) =>
      conflict.column('order_id').doUpdateSet({ undone: sql<boolean>`payments.undone or excluded.undone` }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return withHolds(transaction, row);
}

/**
 * Says that no more is held or captured; the caller holds the payment's lock. What the processor has taken back may be captured
 * again nevertheless.
 */
export async function markEnded(transaction: PaymentTransaction, payment: Payment): Promise<Payment> {
  const end = everCaptured(payment) > 0 ? ({ status: 'captured' } as const) : { undone: true };
  await transaction
    .updateTable('payments')
    .set({ ...end, updated_at: sql`now()` })
    .where('order_id', '=', payment.order_id)
    .execute();
  return { ...payment, ...end };
}

/** Leaves the mark of a void while a capture is under way: no later one begins. */
export async function markUndoneWhileCapturing(db: Kysely<PaymentDatabase>, orderId: string): Promise<void> {
  await db
    .updateTable('payments')
    .set({ undone: true, updated_at: sql`now()` })
    .where('order_id', '=', orderId)
    .where('undone', '=', false)
    .where('capture_reserved_minor', '>', 0)
    .where('captured_minor', '=', 0)
    .execute();
}

/** Adds a hold; the caller holds the payment's lock. From the second hold on, the first has a row, too. */
export async function addHold(
  transaction: PaymentTransaction,
  payment: Payment,
  terms: {
    hold_id: string;
    amount_minor: number;
    payment_method: string;
    user_customer: string | null;
    capture_id: string | null;
  },
): Promise<Payment> {
  const { order_id } = payment;
  const number = payment.holds.length + 1;
  if (!payment.renewed) {
    await transaction.insertInto('holds').values(rowOf(payment.holds[0]!)).execute();
    await transaction.updateTable('payments').set({ renewed: true }).where('order_id', '=', order_id).execute();
  }
  const added = await transaction
    .insertInto('holds')
    .values({ order_id, number, ...terms })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { ...payment, renewed: true, holds: [...payment.holds, added] };
}

/** The first hold's row. Its reference, and whether its holder was asked, stay in the payment. */
const rowOf = (hold: Hold) => ({
  order_id: hold.order_id,
  hold_id: hold.hold_id,
  number: hold.number,
  amount_minor: hold.amount_minor!,
  payment_method: hold.payment_method!,
  closed: hold.closed,
  captures_several: hold.captures_several,
  user_customer: hold.user_customer,
  authorized_minor: hold.authorized_minor,
  voided_minor: hold.voided_minor,
  captured_minor: hold.captured_minor,
  capture_reserved_minor: hold.capture_reserved_minor,
  refund_reserved_minor: hold.refund_reserved_minor,
  refunded_minor: hold.refunded_minor,
  capture_failed_minor: hold.capture_failed_minor,
});

/** Saves the processor's reference of a hold unless one is saved already, and returns the saved one. */
export async function saveReference(
  db: Kysely<PaymentDatabase>,
  { order_id: orderId, hold_id: holdId }: Hold,
  reference: string,
): Promise<string | null> {
  const value = { reference: sql<string>`coalesce(reference, ${reference})` };
  const isFirstHold = orderId === holdId;
  const saved = isFirstHold
    ? await db.updateTable('payments').set(value).where('order_id', '=', orderId).returning('reference').execute()
    : await db
        .updateTable('holds')
        .set(value)
        .where('order_id', '=', orderId)
        .where('hold_id', '=', holdId)
        .returning('reference')
        .execute();
  return saved[0]!.reference;
}

/** The card's holder is told to confirm: from now on the order waits for the processor's events. */
export async function noteHolderAsked(
  db: Kysely<PaymentDatabase>,
  { order_id: orderId, hold_id: holdId }: Hold,
): Promise<void> {
  const asked = { holder_asked: true };
  await (orderId === holdId
    ? db.updateTable('payments').set(asked).where('order_id', '=', orderId).where('holder_asked', '=', false).execute()
    : db.updateTable('holds').set(asked).where('order_id', '=', orderId).where('hold_id', '=', holdId).execute());
}
