import { type Kysely, type Transaction, sql } from 'kysely';
import { type Cart, cartEvents } from '../../activities/cart.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { CartDatabase } from './database.ts';

export type CartTransaction = Transaction<CartDatabase>;

export const writeEvent = createOutboxWriter('cart', cartEvents);

/** The current cart. One statement reads a consistent snapshot of its lines and version. */
export async function readCart(db: Kysely<CartDatabase>, customerId: string): Promise<Cart> {
  const row = await db
    .selectFrom('carts')
    .select([
      'version',
      sql<Cart['lines']>`coalesce((
        select json_agg(json_build_object('sku', sku, 'quantity', quantity) order by position)
          from cart_lines where cart_lines.customer_id = carts.customer_id), '[]')`.as('lines'),
    ])
    .where('customer_id', '=', customerId)
    .executeTakeFirst();
  return row ?? { lines: [], version: 0 };
}

export interface LockedCart {
  version: number;
  lineCount: number;
}

/** Locks a customer's cart until the transaction ends, so that the changes of one cart happen one at a time. */
export async function lockCart(transaction: CartTransaction, customerId: string): Promise<LockedCart> {
  await transaction
    .insertInto('carts')
    .values({ customer_id: customerId })
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .execute();
  const { version, line_count } = await transaction
    .selectFrom('carts')
    .select(['version', 'line_count'])
    .where('customer_id', '=', customerId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return { version, lineCount: line_count };
}

/** Increments the version of a locked cart, and writes the event of the change. */
export async function recordChange(transaction: CartTransaction, customerId: string): Promise<void> {
  const { version, line_count } = await transaction
    .updateTable('carts')
    .set({
      version: sql`version + 1`,
      line_count: sql`(select count(*) from cart_lines where cart_lines.customer_id = carts.customer_id)`,
    })
    .where('customer_id', '=', customerId)
    .returning(['version', 'line_count'])
    .executeTakeFirstOrThrow();
  await writeEvent(transaction, {
    type: 'cart.changed',
    subject: customerId,
    data: { customerId, version, lineCount: line_count },
  });
}
