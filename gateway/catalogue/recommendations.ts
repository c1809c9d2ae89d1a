import type { InventoryRequests } from '../../activities/inventory.ts';
import type { ProductRequests } from '../../activities/product.ts';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import { ProductView } from './view.ts';

export interface RecommenderDependencies {
  recommendations: RecommendationRequests;
  products: ProductRequests;
  inventory: InventoryRequests;
}

const MAX_SHOWN = 10;
// Enough for a full page even if nine of ten are sold out.
const CANDIDATES = 100;

/**
 * Recommends only products that are sold and available now. The recommendation service cannot know that, because a copy of the
 * stock or of the catalogue would always be slightly outdated. So this reads the product and inventory services, and fails without them.
 */
export function createRecommender({ recommendations, products, inventory }: RecommenderDependencies) {
  const onlyAvailable = async ({ skus }: { skus: string[] }): Promise<ProductView[]> => {
    if (skus.length === 0) return [];
    const [{ items }, stocks] = await Promise.all([products.getProducts({ skus }), inventory.getStocks({ skus })]);
    const sold = new Map(items.filter((product) => product.sold).map((product) => [product.sku, product]));
    return stocks.items
      .filter(({ sku, available }) => available > 0 && sold.has(sku))
      .slice(0, MAX_SHOWN)
      .map(({ sku, available }) => ProductView.parse({ ...sold.get(sku)!, available }));
  };
  return {
    forProduct: async (sku: string) =>
      onlyAvailable(await recommendations.recommendForProduct({ sku, limit: CANDIDATES })),
    forCustomer: async (customerId: string) =>
      onlyAvailable(await recommendations.recommendForCustomer({ customerId, limit: CANDIDATES })),
  };
}

export type Recommender = ReturnType<typeof createRecommender>;
