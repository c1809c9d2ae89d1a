import { type Kysely, type Transaction, sql } from 'kysely';
import { type Cart, type CartRefusal, cartEvents } from '../../activities/cart.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { CartDatabase } from './database.ts';

export type Work = Transaction<CartDatabase>;

export const write = createOutboxWriter('cart', cartEvents);

/** The cart as it stands: lines and version of one moment, by one statement. */
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

export interface HeldCart {
  version: number;
  lineCount: number;
}

/** Holds a customer's cart until the transaction ends: changes of one cart happen one after the other. */
export async function holdCart(work: Work, customerId: string): Promise<HeldCart> {
  await work
    .insertInto('carts')
    .values({ customer_id: customerId })
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .execute();
  const { version, line_count } = await work
    .selectFrom('carts')
    .select(['version', 'line_count'])
    .where('customer_id', '=', customerId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return { version, lineCount: line_count };
}

/** Counts a change of a cart that is held, and tells of it. */
export async function noteChange(work: Work, customerId: string): Promise<void> {
  const { version, line_count } = await work
    .updateTable('carts')
    .set({
      version: sql`version + 1`,
      line_count: sql`(select count(*) from cart_lines where cart_lines.customer_id = carts.customer_id)`,
    })
    .where('customer_id', '=', customerId)
    .returning(['version', 'line_count'])
    .executeTakeFirstOrThrow();
  await write(work, {
    type: 'cart.changed',
    subject: customerId,
    data: { customerId, version, lineCount: line_count },
  });
}

export const refusal = (code: CartRefusal, message: string) => new Refusal(code, message);
