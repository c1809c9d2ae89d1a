import type { Kysely } from 'kysely';
import { CART_LINES, type Cart, type CartRequests, cartRefusal } from '../../activities/cart.ts';
import { type CartTransaction, type LockedCart, lockCart, readCart, recordChange } from './carts.ts';
import type { CartDatabase } from './database.ts';

/** Customers' requests to their carts. The changes of one cart happen one at a time. */
export function createCartRequests(db: Kysely<CartDatabase>): CartRequests {
  const change = (
    { customerId, expectedVersion }: { customerId: string; expectedVersion?: number | undefined },
    apply: (transaction: CartTransaction, cart: LockedCart, checkVersion: () => void) => Promise<boolean>,
  ): Promise<Cart> =>
    db.transaction().execute(async (transaction) => {
      const cart = await lockCart(transaction, customerId);
      const checkVersion = () => {
        if (expectedVersion === undefined || expectedVersion === cart.version) return;
        throw cartRefusal('VersionConflict', `the cart is at version ${cart.version}, not ${expectedVersion}`);
      };
      if (await apply(transaction, cart, checkVersion)) await recordChange(transaction, customerId);
      return readCart(transaction, customerId);
    });

  return {
    getCart: ({ customerId }) => readCart(db, customerId),

    setLine: ({ sku, quantity, ...request }) =>
      change(request, async (transaction, cart, checkVersion) => {
        const line = await transaction
          .selectFrom('cart_lines')
          .select('quantity')
          .where('customer_id', '=', request.customerId)
          .where('sku', '=', sku)
          .executeTakeFirst();
        if (line?.quantity === quantity) return false;
        checkVersion();
        if (!line && cart.lineCount >= CART_LINES) {
          throw cartRefusal(
            'CartFull',
            `a cart holds at most ${CART_LINES} lines: place the order or remove a line first`,
          );
        }
        await transaction
          .insertInto('cart_lines')
          .values({ customer_id: request.customerId, sku, quantity })
          .onConflict((conflict) => conflict.columns(['customer_id', 'sku']).doUpdateSet({ quantity }))
          .execute();
        return true;
      }),

    removeLine: ({ sku, ...request }) =>
      change(request, (transaction, _cart, checkVersion) => remove(transaction, request, checkVersion, sku)),
    clearCart: (request) =>
      change(request, (transaction, _cart, checkVersion) => remove(transaction, request, checkVersion)),
  };
}

/** Removes one line, or all of them. Returns whether there was anything to remove. */
async function remove(
  transaction: CartTransaction,
  { customerId }: { customerId: string },
  checkVersion: () => void,
  sku?: string,
): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom('cart_lines')
    .where('customer_id', '=', customerId)
    .$if(sku !== undefined, (query) => query.where('sku', '=', sku!))
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  checkVersion();
  return true;
}
