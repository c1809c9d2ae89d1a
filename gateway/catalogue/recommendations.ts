import type { InventoryRequests } from '../../activities/inventory.ts';
import type { ProductRequests } from '../../activities/product.ts';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import { ProductView } from './view.ts';

export interface RecommendingDependencies {
  recommendations: RecommendationRequests;
  products: ProductRequests;
  inventory: InventoryRequests;
}

const SHOWN = 10;
// Where nine of ten are sold out a page is still full.
const CANDIDATES = 100;

/**
 * Recommends what can be had now. Which products those are only their owners know at this moment, and availability kept
 * elsewhere would always be a little behind; so they are asked here, and where one does not answer there is no
 * recommendation.
 */
export function createRecommending({ recommendations, products, inventory }: RecommendingDependencies) {
  const onOffer = async ({ skus }: { skus: string[] }): Promise<ProductView[]> => {
    if (skus.length === 0) return [];
    const [{ items }, stocks] = await Promise.all([products.getProducts({ skus }), inventory.getStocks({ skus })]);
    const known = new Map(items.map((product) => [product.sku, product]));
    return stocks.items
      .filter(({ sku, available }) => available > 0 && known.has(sku))
      .slice(0, SHOWN)
      .map(({ sku, available }) => ProductView.parse({ ...known.get(sku)!, available }));
  };
  return {
    forProduct: async (sku: string) => onOffer(await recommendations.recommendForProduct({ sku, limit: CANDIDATES })),
    forCustomer: async (customerId: string) =>
      onOffer(await recommendations.recommendForCustomer({ customerId, limit: CANDIDATES })),
  };
}

export type Recommending = ReturnType<typeof createRecommending>;
