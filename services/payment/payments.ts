import { type Kysely, sql } from 'kysely';
import type { Payment, PaymentDatabase, Work } from './database.ts';

/** One order's payment, locked for the rest of the transaction; undefined where it was never asked for. */
export const lockPayment = (work: Work, orderId: string): Promise<Payment | undefined> =>
  work.selectFrom('payments').selectAll().where('order_id', '=', orderId).forUpdate().executeTakeFirst();

/**
 * Makes the payment's row unless it is there, and locks it, in one statement. Whoever comes first decides its terms:
 * to a row that is there nothing is done but what gets us its lock and its values.
 */
export async function claimPayment(
  work: Work,
  orderId: string,
  first:
    | { amount_minor: number; currency: string; payment_method: string }
    | { amount_minor: null; currency: null; payment_method: null; undone: true },
): Promise<Payment> {
  return work
    .insertInto('payments')
    .values({ order_id: orderId, ...first })
    .onConflict((conflict) => conflict.column('order_id').doUpdateSet({ order_id: orderId }))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Changes a payment; the caller holds its lock. */
export async function changePayment(
  work: Work,
  orderId: string,
  change: Partial<Pick<Payment, 'status' | 'undone' | `${'authorized' | 'voided' | 'captured'}_minor`>> & {
    /** Added to what is there. */
    refund_reserved_by?: number;
    refunded_by?: number;
  },
): Promise<void> {
  const { refund_reserved_by: reservedBy = 0, refunded_by: refundedBy = 0, ...values } = change;
  await work
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

/** Keeps the processor's reference, and answers with the one kept: the first, should two have come at once. */
export async function keepReference(
  db: Kysely<PaymentDatabase>,
  orderId: string,
  reference: string,
): Promise<string | null> {
  const kept = await db
    .updateTable('payments')
    .set({ reference: sql<string>`coalesce(reference, ${reference})` })
    .where('order_id', '=', orderId)
    .returning('reference')
    .executeTakeFirstOrThrow();
  return kept.reference;
}
