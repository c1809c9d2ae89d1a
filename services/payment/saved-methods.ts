import { type Kysely, type RawBuilder, sql } from 'kysely';
import { paymentRefusal } from '../../activities/payment.ts';
import type { Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import { isFirst, withOnlyHold } from './holds.ts';
import type { SavedCard } from './processor.ts';

/** On what a hold is to be placed, and whose saved payment methods may be used. */
export interface NamedMethod {
  paymentMethod: string;
  /** Absent: nobody's. */
  customerId?: string | undefined;
}

/** Nothing was ever saved under this token: the hold needs no closer look. */
export const isNotSaved = (paymentMethod: string): RawBuilder<boolean> =>
  sql`not exists (select from saved_methods where token = ${paymentMethod})`;

/**
 * Stores on whose customer the first hold is placed: of a saved payment method on its user's, of one that is to be saved on
 * `saveFor`. Refuses `CardDeclined` for a payment method that was removed, or that somebody else has saved.
 */
export async function placeFirst(
  transaction: PaymentTransaction,
  payment: Payment,
  method: NamedMethod,
  saveFor: string | undefined,
): Promise<Payment> {
  const saved = await findSaved(transaction, method.paymentMethod);
  const customer = saved ? requireUsable(saved, method) : saveFor;
  if (customer === undefined) return payment;
  const change = { user_customer: customer, saves_method: !saved };
  await transaction.updateTable('payments').set(change).where('order_id', '=', payment.order_id).execute();
  return withOnlyHold({ ...payment, ...change });
}

/**
 * On whose customer a later hold is placed; null: the order's own. A saved payment method that the order had before needs
 * nobody to name it. Refuses as `placeFirst` does.
 */
export async function customerOfLater(
  transaction: PaymentTransaction,
  payment: Payment,
  method: NamedMethod,
): Promise<string | null> {
  const before = payment.holds.find(({ payment_method }) => payment_method === method.paymentMethod);
  const savedWith = payment.saves_method && before && isFirst(before) ? payment.order_id : null;
  const saved = await findSaved(transaction, method.paymentMethod, savedWith);
  if (!saved) return before?.user_customer ?? null;
  const isKnown = before?.user_customer === saved.customer;
  return requireUsable(saved, isKnown ? { ...method, customerId: saved.userId } : method);
}

interface Saved {
  userId: string;
  customer: string;
  removedAt: Date | null;
}

/** `orderId`: also what this order has saved, which the processor may have given another token. */
const findSaved = (
  db: Kysely<PaymentDatabase>,
  token: string,
  orderId: string | null = null,
): Promise<Saved | undefined> =>
  db
    .selectFrom('saved_methods')
    .innerJoin('customers', 'customers.user_id', 'saved_methods.user_id')
    .select(['saved_methods.user_id as userId', 'customer', 'removed_at as removedAt'])
    .where((where) => where.or([where('token', '=', token), where('order_id', '=', orderId)]))
    .executeTakeFirst();

function requireUsable({ userId, customer, removedAt }: Saved, { customerId }: NamedMethod): string {
  if (userId !== customerId || removedAt) throw notUsable();
  return customer;
}

/** Says the same in both cases, so that nobody learns what others have saved. */
const notUsable = () => paymentRefusal('CardDeclined', 'the payment method was removed, or is not yours');

/** Lists the payment method among the user's, in the statement that records its authorization. Nothing here may fail. */
export const insertSaved = (
  { user_customer: customer }: Payment,
  { paymentMethod, brand, last4, expiryMonth, expiryYear }: SavedCard,
): RawBuilder<unknown> => sql`
  saved as (
    insert into saved_methods (token, user_id, order_id, brand, last4, expiry_month, expiry_year)
    select ${paymentMethod}, user_id, order_id, ${brand}, ${last4}, ${expiryMonth}::integer, ${expiryYear}::integer
    from change, customers where customer = ${customer}
    on conflict do nothing
  ),`;
