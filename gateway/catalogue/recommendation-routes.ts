import { z } from 'zod';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { productLinks } from '../openapi/links.ts';
import type { Recommender } from './recommendations.ts';
import { ProductView } from './view.ts';
import { SkuInPath } from '../openapi/examples.ts';

const Recommended = z.object({ items: z.array(ProductView).max(10) });
const RECOMMENDED = productLinks('/items/0/sku');

/** Recommendations for a product or a customer: only products that are available, best first. */
export const recommendationRoutes = (products: ProductRequests, recommend: Recommender): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/products/:sku/recommendations',
    operationId: 'recommendForProduct',
    summary: 'List products that are often bought together with this one',
    tag: 'products',
    access: 'public',
    params: z.object({ sku: SkuInPath }),
    responses: { 200: { description: 'At most ten products, best first', body: Recommended, links: RECOMMENDED } },
    problems: { 404: ['ProductNotFound'] },
    async handle({ params }) {
      const { sku } = await products.getProduct(params);
      return { status: 200, body: { items: await recommend.forProduct(sku) } };
    },
  }),

  route({
    method: 'get',
    path: '/v1/recommendations',
    operationId: 'recommendForMe',
    summary: 'List products that go with your latest purchases',
    tag: 'products',
    access: 'user',
    responses: { 200: { description: 'At most ten products, best first', body: Recommended, links: RECOMMENDED } },
    handle: async ({ caller }) => ({ status: 200, body: { items: await recommend.forCustomer(caller!.id) } }),
  }),
];
