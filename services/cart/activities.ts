import { type Kysely, sql } from 'kysely';
import { CART_LINES, type CartActivities, type RemindOfCart, type TakeLines } from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import { type EffectKey, once, undo } from '../../platform/contract/effect.ts';
import { type Work, holdCart, noteChange, readCart, refusal, write } from './held-cart.ts';
import type { CartDatabase } from './database.ts';

const taking = (orderId: string): EffectKey => ({ subject: orderId, step: 'takeLines' });

/** What workflows ask of carts. Every step is one transaction, named by its order. */
export function createCartActivities(db: Kysely<CartDatabase>): CartActivities {
  return {
    async takeLines(request) {
      await once(db, taking(request.orderId), (work) => take(work, request));
    },
    async putLinesBack({ orderId }) {
      await undo(db, taking(orderId), (work) => putBack(work, orderId));
    },
    remindOfCart: (left) => db.transaction().execute((work) => remind(work, left)),
  };
}

async function take(work: Work, { orderId, customerId, lines }: TakeLines): Promise<void> {
  await holdCart(work, customerId);
  const missing = await short(work, customerId, lines);
  if (missing.length > 0) throw refusal('CartChanged', `the cart no longer holds what was ordered: ${listed(missing)}`);
  await sql`
    delete from cart_lines using ${rowsOf(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku and cart_lines.quantity = line.quantity`.execute(
    work,
  );
  await sql`
    update cart_lines set quantity = cart_lines.quantity - line.quantity from ${rowsOf(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku`.execute(work);
  await work
    .insertInto('checkouts')
    .values({ order_id: orderId, customer_id: customerId, lines: JSON.stringify(lines) })
    .execute();
  await noteChange(work, customerId);
}

/** Of which SKUs the cart holds less than this. */
async function short(work: Work, customerId: string, lines: readonly StockLine[]): Promise<string[]> {
  const { rows } = await sql<{ sku: string }>`
    select line.sku from ${rowsOf(lines)}
      left join cart_lines on cart_lines.customer_id = ${customerId} and cart_lines.sku = line.sku
     where coalesce(cart_lines.quantity, 0) < line.quantity
     order by line.sku`.execute(work);
  return rows.map(({ sku }) => sku);
}

async function putBack(work: Work, orderId: string): Promise<void> {
  const { customer_id: customerId, lines } = await work
    .selectFrom('checkouts')
    .select(['customer_id', 'lines'])
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow();
  const { lineCount } = await holdCart(work, customerId);
  await sql`
    update cart_lines set quantity = least(cart_lines.quantity + line.quantity, ${MOST_PIECES}) from ${rowsOf(lines)}
     where customer_id = ${customerId} and cart_lines.sku = line.sku`.execute(work);
  await sql`
    insert into cart_lines (customer_id, sku, quantity)
    select ${customerId}::uuid, line.sku, line.quantity from ${rowsOf(lines)}
     where not exists (select from cart_lines where customer_id = ${customerId} and cart_lines.sku = line.sku)
     order by line.place limit ${CART_LINES - lineCount}`.execute(work);
  await noteChange(work, customerId);
}

async function remind(work: Work, { customerId, version }: RemindOfCart): Promise<void> {
  const reminded = await work
    .updateTable('carts')
    .set({ reminded_version: version })
    .where('customer_id', '=', customerId)
    .where('version', '=', version)
    .where('reminded_version', '<', version)
    .where('line_count', '>', 0)
    .executeTakeFirst();
  if (reminded.numUpdatedRows === 0n) return;
  const { lines } = await readCart(work, customerId);
  await write(work, { type: 'cart.abandoned', subject: customerId, data: { customerId, lines } });
}

// What one line may hold; beyond it there is nothing to put back into.
const MOST_PIECES = 100_000;

/** As a table `line`; what is said of one SKU twice is summed. */
const rowsOf = (lines: readonly StockLine[]) =>
  sql`(
    select sku, sum(quantity)::integer as quantity, min(place) as place
      from unnest(
        ${lines.map(({ sku }) => sku)}::text[],
        ${lines.map(({ quantity }) => quantity)}::integer[]
      ) with ordinality as given (sku, quantity, place)
     group by sku
  ) as line`;

// It goes into the order's history, which takes 1,000 characters, and to the customer, who wants the first few.
const SHOWN = 10;

const listed = (skus: readonly string[]): string =>
  skus.length <= SHOWN ? skus.join(', ') : `${skus.slice(0, SHOWN).join(', ')} and ${skus.length - SHOWN} more`;
