import { type Kysely, sql } from 'kysely';
import type { Payment, PaymentDatabase, PaymentTransaction } from './database.ts';

/** Locks an order's payment for the rest of the transaction; undefined if none was ever requested. */
export const lockPayment = (transaction: PaymentTransaction, orderId: string): Promise<Payment | undefined> =>
  transaction.selectFrom('payments').selectAll().where('order_id', '=', orderId).forUpdate().executeTakeFirst();

/**
 * Creates the payment's row if it does not exist, and locks it, in one statement. The first request sets the terms: the
 * update of an existing row changes nothing and only serves to lock and return it.
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
    .onConflict((conflict) => conflict.column('order_id').doUpdateSet({ order_id: orderId }))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Updates a payment; the caller holds its lock. */
export async function updatePayment(
  transaction: PaymentTransaction,
  orderId: string,
  change: Partial<Pick<Payment, 'status' | 'undone' | `${'authorized' | 'voided' | 'captured'}_minor`>> & {
    /** Added to the current value. */
    refund_reserved_by?: number;
    refunded_by?: number;
  },
): Promise<void> {
  const { refund_reserved_by: reservedBy = 0, refunded_by: refundedBy = 0, ...values } = change;
  await transaction
    .updateTable('payments')
    .set({
      ...values,
      refund_reserved_minor: sql<number>`refund_reserved_minor + ${reservedBy}`,
      refunded_minor: sql<number>`refunded_minor + ${refundedBy}`,
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
