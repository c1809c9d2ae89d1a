import { type Kysely, sql } from 'kysely';
import {
  CART_LINES,
  type CartActivities,
  type RemindOfCart,
  type TakeLines,
  cartRefusal,
} from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import { type EffectKey, once, undo } from '../../platform/contract/effect.ts';
import { type CartTransaction, lockCart, readCart, recordChange, writeEvent } from './carts.ts';
import type { CartDatabase } from './database.ts';

const takeLinesKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'takeLines' });

/** The cart steps of workflows. Each step is one transaction, identified by its order. */
export function createCartActivities(db: Kysely<CartDatabase>): CartActivities {
  return {
    async takeLines(request) {
      await once(db, takeLinesKey(request.orderId), (transaction) => take(transaction, request));
    },
    async putLinesBack({ orderId }) {
      await undo(db, takeLinesKey(orderId), (transaction) => putBack(transaction, orderId));
    },
    remindOfCart: (request) => db.transaction().execute((transaction) => remind(transaction, request)),
  };
}

async function take(transaction: CartTransaction, { orderId, customerId, lines }: TakeLines): Promise<void> {
  await lockCart(transaction, customerId);
  const missing = await findMissingSkus(transaction, customerId, lines);
  if (missing.length > 0) {
    throw cartRefusal('CartChanged', `the cart no longer contains the ordered items: ${describeSkus(missing)}`);
  }
  await sql`
    delete from cart_lines using ${linesTable(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku and cart_lines.quantity = line.quantity`.execute(
    transaction,
  );
  await sql`
    update cart_lines set quantity = cart_lines.quantity - line.quantity from ${linesTable(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku`.execute(transaction);
  await transaction
    .insertInto('checkouts')
    .values({ order_id: orderId, customer_id: customerId, lines: JSON.stringify(lines) })
    .execute();
  await recordChange(transaction, customerId);
}

/** The SKUs of which the cart holds less than the given quantity. */
async function findMissingSkus(
  transaction: CartTransaction,
  customerId: string,
  lines: readonly StockLine[],
): Promise<string[]> {
  const { rows } = await sql<{ sku: string }>`
    select line.sku from ${linesTable(lines)}
      left join cart_lines on cart_lines.customer_id = ${customerId} and cart_lines.sku = line.sku
     where coalesce(cart_lines.quantity, 0) < line.quantity
     order by line.sku`.execute(transaction);
  return rows.map(({ sku }) => sku);
}

async function putBack(transaction: CartTransaction, orderId: string): Promise<void> {
  const { customer_id: customerId, lines } = await transaction
    .selectFrom('checkouts')
    .select(['customer_id', 'lines'])
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow();
  const { lineCount } = await lockCart(transaction, customerId);
  await sql`
    update cart_lines set quantity = least(cart_lines.quantity + line.quantity, ${MAX_QUANTITY}) from ${linesTable(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku`.execute(transaction);
  await sql`
    insert into cart_lines (customer_id, sku, quantity)
    select ${customerId}::uuid, line.sku, line.quantity from ${linesTable(lines)}
     where not exists (select from cart_lines where customer_id = ${customerId} and cart_lines.sku = line.sku)
     order by line.place limit ${CART_LINES - lineCount}`.execute(transaction);
  await recordChange(transaction, customerId);
}

async function remind(transaction: CartTransaction, { customerId, version }: RemindOfCart): Promise<void> {
  const reminded = await transaction
    .updateTable('carts')
    .set({ reminded_version: version })
    .where('customer_id', '=', customerId)
    .where('version', '=', version)
    .where('reminded_version', '<', version)
    .where('line_count', '>', 0)
    .executeTakeFirst();
  if (reminded.numUpdatedRows === 0n) return;
  const { lines } = await readCart(transaction, customerId);
  await writeEvent(transaction, { type: 'cart.abandoned', subject: customerId, data: { customerId, lines } });
}

// The maximum quantity of one line; anything above it is not put back.
const MAX_QUANTITY = 100_000;

/** The lines as a table `line`, summed per SKU. */
const linesTable = (lines: readonly StockLine[]) =>
  sql`(
    select sku, sum(quantity)::integer as quantity, min(place) as place
      from unnest(
        ${lines.map(({ sku }) => sku)}::text[],
        ${lines.map(({ quantity }) => quantity)}::integer[]
      ) with ordinality as given (sku, quantity, place)
     group by sku
  ) as line`;

// The text is stored in the order's history, which takes 1,000 characters, and shown to the customer, who needs only the
// first few.
const MAX_SHOWN = 10;

const describeSkus = (skus: readonly string[]): string =>
  skus.length <= MAX_SHOWN
    ? skus.join(', ')
    : `${skus.slice(0, MAX_SHOWN).join(', ')} and ${skus.length - MAX_SHOWN} more`;
