import { createHash } from 'node:crypto';
import { type Transaction, sql } from 'kysely';
import type { RecommendationDatabase } from './database.ts';

export interface LearnedOrder {
  orderId: string;
  customerId: string;
  skus: string[];
  confirmedAt: Date;
}

// An order of n products makes n(n-1) rows: 2,450 for 50, in some 25 ms, and 4 million for the 2,000 lines an order may
// have. Of a larger order only a sample is paired: products bought together with everything say little of each other.
export const MOST_PAIRED = 50;

/** Counts an order's products and their pairs. A repeat changes nothing. */
export async function learn(
  transaction: Transaction<RecommendationDatabase>,
  { orderId, customerId, skus, confirmedAt }: LearnedOrder,
): Promise<void> {
  const distinct = [...new Set(skus)];
  const added = await transaction
    .insertInto('learned_orders')
    .values({ order_id: orderId, customer_id: customerId, skus: distinct, confirmed_at: confirmedAt })
    .onConflict((conflict) => conflict.column('order_id').doNothing())
    .executeTakeFirst();
  if (added.numInsertedOrUpdatedRows === 0n) return;
  // All statements lock rows in sorted order, so that concurrent ones cannot deadlock.
  await sql`
    insert into item_counts (sku, orders) select sku, 1 from unnest(${distinct}::text[]) as sku order by sku
        on conflict (sku) do update set orders = item_counts.orders + 1`.execute(transaction);
  await sql`
    insert into pair_counts (sku, other, orders) select sku, other, 1 from ${pairsOf(orderId, distinct)}
     order by sku, other
        on conflict (sku, other) do update set orders = pair_counts.orders + 1`.execute(transaction);
}

/**
 * Subtracts a canceled order from the counts exactly. Otherwise anyone could promote a product by placing and canceling
 * orders. An order that was never counted changes nothing.
 */
export async function unlearn(transaction: Transaction<RecommendationDatabase>, orderId: string): Promise<void> {
  const order = await transaction
    .deleteFrom('learned_orders')
    .where('order_id', '=', orderId)
    .returning('skus')
    .executeTakeFirst();
  if (!order) return;
  await sql`
    with locked as (
      select item_counts.sku from item_counts where sku = any(${order.skus}::text[]) order by sku for update)
    update item_counts set orders = orders - 1 from locked where item_counts.sku = locked.sku`.execute(transaction);
  await sql`
    with locked as (
      select pair_counts.sku, pair_counts.other from pair_counts
        join ${pairsOf(orderId, order.skus)} using (sku, other)
       order by sku, other for update of pair_counts)
    update pair_counts set orders = orders - 1 from locked
     where pair_counts.sku = locked.sku and pair_counts.other = locked.other`.execute(transaction);
}

/** A table `pair`: every two products of the order, in both directions. */
function pairsOf(orderId: string, skus: readonly string[]) {
  const sample = sampleOf(orderId, skus);
  return sql`(
    select one as sku, two as other from unnest(${sample}::text[]) as one, unnest(${sample}::text[]) as two
     where one <> two
  ) as pair`;
}

/** At most `MOST_PAIRED` of an order's products: the same at every call, and each with the same chance. */
function sampleOf(orderId: string, skus: readonly string[]): string[] {
  if (skus.length <= MOST_PAIRED) return [...skus];
  const hashes = new Map(skus.map((sku) => [sku, createHash('sha256').update(`${orderId} ${sku}`).digest('hex')]));
  return skus.toSorted((one, other) => (hashes.get(one)! < hashes.get(other)! ? -1 : 1)).slice(0, MOST_PAIRED);
}
