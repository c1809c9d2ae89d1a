import { z } from 'zod';
import { Sku } from './identity.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';

const limit = z.int().min(1).max(100);
export const RecommendForProduct = z.strictObject({ sku: Sku, limit });
export type RecommendForProduct = z.infer<typeof RecommendForProduct>;
export const RecommendForCustomer = z.strictObject({ customerId: z.uuid(), limit });
export type RecommendForCustomer = z.infer<typeof RecommendForCustomer>;

/** SKUs, best first. Whether they can be had now is for others to say. */
export const Recommendations = z.object({ skus: z.array(Sku) });
export type Recommendations = z.infer<typeof Recommendations>;

/**
 * What the recommendation service can be asked at its door. It knows which products are bought together by the
 * confirmed orders it has heard of. Implemented in services/recommendation/.
 */
export const recommendationRequests = {
  /** What goes with this product, and best sellers where that is not enough; never the product itself. */
  recommendForProduct: operation({ request: RecommendForProduct, response: Recommendations }),
  /** What goes with what this customer bought last, and best sellers; nothing that was bought lately. */
  recommendForCustomer: operation({ request: RecommendForCustomer, response: Recommendations }),
};
export type RecommendationRequests = Implementation<typeof recommendationRequests>;
