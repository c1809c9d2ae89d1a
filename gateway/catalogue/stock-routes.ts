import { z } from 'zod';
import { AdjustStock, type InventoryRequests, Stock } from '../../activities/inventory.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { productLinks } from '../openapi/links.ts';

const Sku = z.object({ sku: z.string() });
const Adjustment = AdjustStock.pick({ delta: true, reason: true })
  .strict()
  .meta({ id: 'StockAdjustment', examples: [{ delta: 120, reason: 'delivery of 5 January' }] });
const StockView = Stock.meta({
  id: 'Stock',
  description: 'Pieces. `available` is `onHand` less `reserved`.',
  examples: [{ sku: '85123A', onHand: 120, reserved: 6, available: 114 }],
});

/** What lies on the shelves, for admins. */
export const stockRoutes = (products: ProductRequests, inventory: InventoryRequests): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/products/:sku/stock',
    operationId: 'readStock',
    summary: 'Read the stock of a product',
    tag: 'products',
    access: 'admin',
    scopes: ['stock:read'],
    params: Sku,
    headers: { 'If-None-Match': 'the ETag you have: 304 while it still holds' },
    responses: {
      200: { description: 'The stock', body: StockView, headers: { ETag: 'its state' }, links: productLinks('/sku') },
    },
    problems: { 404: ['ProductNotFound'] },
    async handle({ params }) {
      const { version } = await products.getProduct(params);
      return { status: 200, body: await inventory.getStock(params), version };
    },
  }),

  route({
    method: 'post',
    path: '/v1/products/:sku/stock-adjustments',
    operationId: 'adjustStock',
    summary: 'Add to the stock of a product, or take from it',
    tag: 'products',
    access: 'admin',
    scopes: ['stock:write'],
    idempotent: true,
    params: Sku,
    body: Adjustment,
    responses: { 201: { description: 'Adjusted: the new stock', body: StockView, links: productLinks('/sku') } },
    problems: { 404: ['ProductNotFound'], 409: ['InsufficientStock'] },
    async handle(asked) {
      const { sku } = await products.getProduct(asked.params);
      const adjustmentId = effectId(`adjustStock ${asked.params.sku} ${asked.body.delta}`, asked);
      const adjustment = { ...asked.body, adjustmentId, sku, adjustedBy: asked.caller!.id };
      return { status: 201, body: await inventory.adjustStock(adjustment) };
    },
  }),
];
