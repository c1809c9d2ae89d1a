import type { Kysely } from 'kysely';
import { CART_LINES, type Cart, type CartRequests } from '../../activities/cart.ts';
import { type HeldCart, type Work, holdCart, noteChange, readCart, refusal } from './held-cart.ts';
import type { CartDatabase } from './database.ts';

/** What customers do with their carts, one change after the other. */
export function createCartRequests(db: Kysely<CartDatabase>): CartRequests {
  const change = (
    { customerId, expectedVersion }: { customerId: string; expectedVersion?: number | undefined },
    alter: (work: Work, cart: HeldCart, agreed: () => void) => Promise<boolean>,
  ): Promise<Cart> =>
    db.transaction().execute(async (work) => {
      const cart = await holdCart(work, customerId);
      const agreed = () => {
        if (expectedVersion === undefined || expectedVersion === cart.version) return;
        throw refusal('VersionConflict', `the cart is at version ${cart.version}, not ${expectedVersion}`);
      };
      if (await alter(work, cart, agreed)) await noteChange(work, customerId);
      return readCart(work, customerId);
    });

  return {
    getCart: ({ customerId }) => readCart(db, customerId),

    setLine: ({ sku, quantity, ...asked }) =>
      change(asked, async (work, cart, agreed) => {
        const line = await work
          .selectFrom('cart_lines')
          .select('quantity')
          .where('customer_id', '=', asked.customerId)
          .where('sku', '=', sku)
          .executeTakeFirst();
        if (line?.quantity === quantity) return false;
        agreed();
        if (!line && cart.lineCount >= CART_LINES) {
          throw refusal('CartFull', `a cart holds ${CART_LINES} lines: order these first, or remove one`);
        }
        await work
          .insertInto('cart_lines')
          .values({ customer_id: asked.customerId, sku, quantity })
          .onConflict((conflict) => conflict.columns(['customer_id', 'sku']).doUpdateSet({ quantity }))
          .execute();
        return true;
      }),

    removeLine: ({ sku, ...asked }) => change(asked, (work, _cart, agreed) => remove(work, asked, agreed, sku)),
    clearCart: (asked) => change(asked, (work, _cart, agreed) => remove(work, asked, agreed)),
  };
}

/** Removes one line, or all; whether there was anything to remove. */
async function remove(
  work: Work,
  { customerId }: { customerId: string },
  agreed: () => void,
  sku?: string,
): Promise<boolean> {
  const { numDeletedRows } = await work
    .deleteFrom('cart_lines')
    .where('customer_id', '=', customerId)
    .$if(sku !== undefined, (query) => query.where('sku', '=', sku!))
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  agreed();
  return true;
}
