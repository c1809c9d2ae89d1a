import { type Kysely, sql } from 'kysely';
import type { AuthorizePayment } from '../../activities/payment.ts';
import type { PaymentDatabase } from './database.ts';
import type { PaymentDependencies } from './operation.ts';

/** Registers a customer of the order alone, whose payment methods are not saved. */
export async function customerOfOrder({ db, processor }: PaymentDependencies, orderId: string): Promise<string | null> {
  const customer = await processor.addCustomer({ orderId });
  const saved = await db
    .updateTable('payments')
    .set({ customer: sql<string>`coalesce(customer, ${customer})` })
    .where('order_id', '=', orderId)
    .returning('customer')
    .executeTakeFirstOrThrow();
  return saved.customer;
}

/** The customer of the user who saves the payment method of this order, registered with their first one. */
export async function customerToSaveFor(
  { db, processor }: PaymentDependencies,
  { savePaymentMethod, customerId, amount }: AuthorizePayment,
): Promise<string | undefined> {
  // Nothing is authorized of an order that costs nothing.
  if (!savePaymentMethod || customerId === undefined || amount.amountMinor === 0) return undefined;
  const known = await findCustomer(db, customerId);
  return known ?? addUser(db, customerId, await processor.addCustomer({ userId: customerId }));
}

async function findCustomer(db: Kysely<PaymentDatabase>, userId: string): Promise<string | undefined> {
  const row = await db.selectFrom('customers').select('customer').where('user_id', '=', userId).executeTakeFirst();
  return row?.customer;
}

/** Saves the customer unless one is saved already, and returns the saved one. */
async function addUser(db: Kysely<PaymentDatabase>, userId: string, customer: string): Promise<string> {
  const saved = await db
    .insertInto('customers')
    .values({ user_id: userId, customer })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ customer: sql<string>`customers.customer` }))
    .returning('customer')
    .executeTakeFirstOrThrow();
  return saved.customer;
}
