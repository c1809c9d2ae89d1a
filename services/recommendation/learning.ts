import { createHash } from 'node:crypto';
import { type Transaction, sql } from 'kysely';
import type { RecommendationDatabase } from './database.ts';

type Work = Transaction<RecommendationDatabase>;

export interface LearnedOrder {
  orderId: string;
  customerId: string;
  skus: string[];
  confirmedAt: Date;
}

// An order of n products makes n(n-1) rows: 2,450 at 50, some 25 ms, and 4 million at the 2,000 lines an order may
// have. Of a larger order a sample counts: what is bought with everything says little of each.
export const MOST_PAIRED = 50;

/** Counts an order's products, and which were together. Again, does nothing. */
export async function learn(work: Work, { orderId, customerId, skus, confirmedAt }: LearnedOrder): Promise<void> {
  const distinct = [...new Set(skus)];
  const added = await work
    .insertInto('learned_orders')
    .values({ order_id: orderId, customer_id: customerId, skus: distinct, confirmed_at: confirmedAt })
    .onConflict((conflict) => conflict.column('order_id').doNothing())
    .executeTakeFirst();
  if (added.numInsertedOrUpdatedRows === 0n) return;
  // Sorted, as every counting is: two at once that meet in several rows wait for each other, and never in a ring.
  await sql`
    insert into item_counts (sku, orders) select sku, 1 from unnest(${distinct}::text[]) as sku order by sku
        on conflict (sku) do update set orders = item_counts.orders + 1`.execute(work);
  await sql`
    insert into pair_counts (sku, other, orders) select sku, other, 1 from ${pairsOf(orderId, distinct)}
     order by sku, other
        on conflict (sku, other) do update set orders = pair_counts.orders + 1`.execute(work);
}

/**
 * Takes an order that was called off out of the counts again, exactly; otherwise placing and canceling would push any
 * product for nothing. One that was never learned changes nothing.
 */
export async function unlearn(work: Work, orderId: string): Promise<void> {
  const order = await work
    .deleteFrom('learned_orders')
    .where('order_id', '=', orderId)
    .returning('skus')
    .executeTakeFirst();
  if (!order) return;
  await sql`
    with held as (
      select item_counts.sku from item_counts where sku = any(${order.skus}::text[]) order by sku for update)
    update item_counts set orders = orders - 1 from held where item_counts.sku = held.sku`.execute(work);
  await sql`
    with held as (
      select pair_counts.sku, pair_counts.other from pair_counts
        join ${pairsOf(orderId, order.skus)} using (sku, other)
       order by sku, other for update of pair_counts)
    update pair_counts set orders = orders - 1 from held
     where pair_counts.sku = held.sku and pair_counts.other = held.other`.execute(work);
}

/** As a table `pair`: each two products of the order, both ways round. */
function pairsOf(orderId: string, skus: readonly string[]) {
  const sample = sampleOf(orderId, skus);
  return sql`(
    select one as sku, two as other from unnest(${sample}::text[]) as one, unnest(${sample}::text[]) as two
     where one <> two
  ) as pair`;
}

/** At most so many of an order's products, the same at every asking, and no kind of product more often than another. */
function sampleOf(orderId: string, skus: readonly string[]): string[] {
  if (skus.length <= MOST_PAIRED) return [...skus];
  const lots = new Map(skus.map((sku) => [sku, createHash('sha256').update(`${orderId} ${sku}`).digest('hex')]));
  return skus.toSorted((one, other) => (lots.get(one)! < lots.get(other)! ? -1 : 1)).slice(0, MOST_PAIRED);
}
