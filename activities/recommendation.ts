import { z } from 'zod';
import { Sku } from './identity.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';

const limit = z.int().min(1).max(100);
export const RecommendForProduct = z.strictObject({ sku: Sku, limit });
export type RecommendForProduct = z.infer<typeof RecommendForProduct>;
export const RecommendForCustomer = z.strictObject({ customerId: z.uuid(), limit });
export type RecommendForCustomer = z.infer<typeof RecommendForCustomer>;

/** SKUs, best first, whether or not they are in stock. */
export const Recommendations = z.object({ skus: z.array(Sku) });
export type Recommendations = z.infer<typeof Recommendations>;

/**
 * What the recommendation service's HTTP API offers. It learns from `order.confirmed` events which products are bought
 * together. Implemented in services/recommendation/.
 */
export const recommendationRequests = {
  /** Products that are bought together with this one, filled up with best sellers. Never the product itself. */
  recommendForProduct: operation({ request: RecommendForProduct, response: Recommendations }),
  /** Products for the customer's last orders, filled up with best sellers. None that the customer bought recently. */
  recommendForCustomer: operation({ request: RecommendForCustomer, response: Recommendations }),
};
export type RecommendationRequests = Implementation<typeof recommendationRequests>;
