import { type Kysely, sql } from 'kysely';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import type { RecommendationDatabase } from './database.ts';
import { rank } from './ranking.ts';

// Taste of a while ago says less, and a wholesale customer's last order alone may have hundreds of products.
const LAST_ORDERS = 5;
const LAST_PRODUCTS = 100;
// What came within a month is there still, and showing it again looks as if nobody had noticed; after that it may be
// used up, and goes with what is bought now like anything else.
const LATELY_DAYS = 30;

/** What the gateway asks of what was learned. */
export function createRecommendationRequests(db: Kysely<RecommendationDatabase>): RecommendationRequests {
  return {
    recommendForProduct: async ({ sku, limit }) => ({ skus: await rank(db, { beside: [sku], without: [], limit }) }),

    async recommendForCustomer({ customerId, limit }) {
      const { beside, lately } = await boughtBy(db, customerId);
      return { skus: await rank(db, { beside, without: lately, limit }) };
    },
  };
}

async function boughtBy(
  db: Kysely<RecommendationDatabase>,
  customerId: string,
): Promise<{ beside: string[]; lately: string[] }> {
  const last = db
    .selectFrom('learned_orders')
    .select('skus')
    .where('customer_id', '=', customerId)
    .orderBy('confirmed_at', 'desc');
  const recent = await last.limit(LAST_ORDERS).execute();
  const lately = await last.where(sql<boolean>`confirmed_at > now() - make_interval(days => ${LATELY_DAYS})`).execute();
  const distinct = (orders: { skus: string[] }[]) => [...new Set(orders.flatMap(({ skus }) => skus))];
  return { beside: distinct(recent).slice(0, LAST_PRODUCTS), lately: distinct(lately) };
}
