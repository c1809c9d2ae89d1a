import { z } from 'zod';
import { AdjustStock, type InventoryRequests, Stock } from '../../activities/inventory.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { productLinks } from '../openapi/links.ts';
import { MUG, SkuInPath } from '../openapi/examples.ts';

const Sku = z.object({ sku: SkuInPath });
const Adjustment = AdjustStock.pick({ delta: true, reason: true })
  .strict()
  .meta({ id: 'StockAdjustment', examples: [{ delta: 120, reason: 'delivery of 5 January' }] });
const StockView = Stock.meta({
  id: 'Stock',
  description: 'Numbers of pieces. `available` is `onHand` minus `reserved`.',
  examples: [{ sku: MUG.sku, onHand: 500, reserved: 6, available: 494 }],
});

/** Stock levels, for admins. */
export const stockRoutes = (products: ProductRequests, inventory: InventoryRequests): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/products/:sku/stock',
    operationId: 'readStock',
    summary: 'Read the stock of a product',
    tag: 'products',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['stock:read'],
    params: Sku,
    headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
    responses: {
      200: {
        description: 'The stock',
        body: StockView,
        headers: { ETag: 'the version of the stock' },
        links: productLinks('/sku'),
      },
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
    summary: 'Increase or decrease the stock of a product',
    tag: 'products',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['stock:write'],
    idempotent: true,
    params: Sku,
    body: Adjustment,
    responses: { 201: { description: 'Adjusted: the new stock', body: StockView, links: productLinks('/sku') } },
    problems: { 404: ['ProductNotFound'], 409: ['InsufficientStock'] },
    async handle(request) {
      const { sku } = await products.getProduct(request.params);
      const adjustmentId = effectId(`adjustStock ${request.params.sku} ${request.body.delta}`, request);
      const adjustment = { ...request.body, adjustmentId, sku, adjustedBy: request.caller!.id };
      return { status: 201, body: await inventory.adjustStock(adjustment) };
    },
  }),
];
