import { z } from 'zod';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { productLinks } from '../openapi/links.ts';
import { ProductView } from './view.ts';
import type { Recommending } from './recommendations.ts';

const Recommended = z.object({ items: z.array(ProductView).max(10) });
const RECOMMENDED = productLinks('/items/0/sku');

/** What goes with a product, or with what somebody bought; best first, and only what can be had. */
export const recommendationRoutes = (products: ProductRequests, recommend: Recommending): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/products/:sku/recommendations',
    operationId: 'recommendForProduct',
    summary: 'What is bought together with a product',
    tag: 'products',
    access: 'public',
    params: z.object({ sku: z.string() }),
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
    summary: 'What goes with what you bought last',
    tag: 'products',
    access: 'user',
    responses: { 200: { description: 'At most ten products, best first', body: Recommended, links: RECOMMENDED } },
    handle: async ({ caller }) => ({ status: 200, body: { items: await recommend.forCustomer(caller!.id) } }),
  }),
];
