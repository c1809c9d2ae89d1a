import { type Kysely, sql } from 'kysely';
import type { Payment, PaymentDatabase, PaymentTransaction } from './database.ts';

/** Locks an order's payment for the rest of the transaction; undefined if none was ever requested. */
export const lockPayment = (transaction: PaymentTransaction, orderId: string): Promise<Payment | undefined> =>
  transaction.selectFrom('payments').selectAll().where('order_id', '=', orderId).forUpdate().executeTakeFirst();

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
  return transaction
    .insertInto('payments')
    .values({ order_id: orderId, ...terms })
    .onConflict((conflict) =>
      conflict.column('order_id').doUpdateSet({ undone: sql<boolean>`payments.undone or excluded.undone` }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Reserves an amount for a refund; the caller holds the payment's lock. */
export async function reserveRefund(
  transaction: PaymentTransaction,
  orderId: string,
  amountMinor: number,
): Promise<void> {
  await transaction
    .updateTable('payments')
    .set({
      refund_reserved_minor: sql<number>`refund_reserved_minor + ${amountMinor}`,
      updated_at: sql`now()`,
    })
    .where('order_id', '=', orderId)
    .execute();
}

/** Saves the processor's reference unless one is saved already, and returns the saved one. */
export async function saveReference(
  db: Kysely<PaymentDatabase>,
  orderId: string,
  reference: string,
): Promise<string | null> {
  const saved = await db
    .updateTable('payments')
    .set({ reference: sql<string>`coalesce(reference, ${reference})` })
    .where('order_id', '=', orderId)
    .returning('reference')
    .executeTakeFirstOrThrow();
  return saved.reference;
}

/** The card's holder is told to confirm: from now on the order waits for the processor's events. */
export async function noteHolderAsked(db: Kysely<PaymentDatabase>, orderId: string): Promise<void> {
  await db
    .updateTable('payments')
    .set({ holder_asked: true })
    .where('order_id', '=', orderId)
    .where('holder_asked', '=', false)
    .execute();
}
