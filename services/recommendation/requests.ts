import { type Kysely, sql } from 'kysely';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import type { RecommendationDatabase } from './database.ts';
import { rank } from './ranking.ts';

// Older orders say less about a customer's taste. A single wholesale order may have hundreds of products.
const LAST_ORDERS = 5;
const LAST_PRODUCTS = 100;
// Customers still have what they bought within a month, and recommending it again looks careless. After that it may be
// used up, and is recommended like any other product.
const RECENT_DAYS = 30;

/** The recommendation service's API. */
export function createRecommendationRequests(db: Kysely<RecommendationDatabase>): RecommendationRequests {
  return {
    recommendForProduct: async ({ sku, limit }) => ({ skus: await rank(db, { beside: [sku], without: [], limit }) }),

    async recommendForCustomer({ customerId, limit }) {
      const { lastBought, recent } = await boughtBy(db, customerId);
      return { skus: await rank(db, { beside: lastBought, without: recent, limit }) };
    },
  };
}

async function boughtBy(
  db: Kysely<RecommendationDatabase>,
  customerId: string,
): Promise<{ lastBought: string[]; recent: string[] }> {
  const orders = db
    .selectFrom('learned_orders')
    .select('skus')
    .where('customer_id', '=', customerId)
    .orderBy('confirmed_at', 'desc');
  const last = await orders.limit(LAST_ORDERS).execute();
  const recent = await orders
    .where(sql<boolean>`confirmed_at > now() - make_interval(days => ${RECENT_DAYS})`)
    .execute();
  const skusOf = (rows: { skus: string[] }[]) => [...new Set(rows.flatMap(({ skus }) => skus))];
  return { lastBought: skusOf(last).slice(0, LAST_PRODUCTS), recent: skusOf(recent) };
}
