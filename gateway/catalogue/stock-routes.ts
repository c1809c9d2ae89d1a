import { z } from 'zod';
import { AdjustStock, type InventoryRequests, Stock } from '../../activities/inventory.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { MUG, SkuInPath } from '../openapi/examples.ts';
import { productLinks } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { flag } from '../query-flag.ts';

const Sku = z.object({ sku: SkuInPath });
const Adjustment = AdjustStock.pick({ delta: true, reason: true })
  .strict()
  .meta({ id: 'StockAdjustment', examples: [{ delta: 120, reason: 'delivery of 5 January' }] });
const StockView = Stock.extend({
  lowStockAt: Stock.shape.lowStockAt.unwrap().meta({ description: 'stock is low while no more is available; or null' }),
}).meta({
  id: 'Stock',
  description: 'Numbers of pieces. `available` is `onHand` minus `reserved`.',
  examples: [{ sku: MUG.sku, onHand: 500, reserved: 6, available: 494, lowStockAt: 50 }],
});

const Low = flag('true: only what is low, with no more available than `lowStockAt`; false: only what is not');

/** Stock levels, for admins. */
export const stockRoutes = (products: ProductRequests, inventory: InventoryRequests): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/stock',
    operationId: 'listStock',
    summary: 'List stock by SKU: all, what is low, or what is not',
    tag: 'products',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['stock:read'],
    query: z.strictObject({
      low: Low.optional(),
      ...pageQuery,
    }),
    responses: {
      200: { description: 'A page of stock', body: listOf(StockView), links: productLinks('/items/0/sku') },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { low, cursor, limit } }) {
      const page = await inventory.listStock({ low, after: cursor, limit });
      const next = nextPage('/v1/admin/stock', page.next, { limit, low });
      return { status: 200, body: { items: page.items, next } };
    },
  }),

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
