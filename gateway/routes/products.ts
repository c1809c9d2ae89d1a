import { z } from 'zod';
import type { InventoryRequests } from '../../activities/inventory.ts';
import { Money } from '../../activities/money.ts';
import {
  CreateProduct,
  Price,
  type Product,
  ProductDescription,
  ProductName,
  type ProductRequests,
} from '../../activities/product.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { entityTag, expectedVersion } from '../entity-tag.ts';
import { orElse } from '../patience.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';

const ProductView = z
  .object({
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    price: Money,
    available: z.int().nullable().meta({ description: 'pieces to be had now; null while that is not known' }),
  })
  .meta({
    id: 'Product',
    examples: [
      {
        sku: '85123A',
        name: 'White hanging heart',
        description: 'Holds a tealight.',
        price: { amountMinor: 255, currency: 'GBP' },
        available: 120,
      },
    ],
  });
const ChangeProduct = z
  .strictObject({ name: ProductName.optional(), description: ProductDescription.optional(), price: Price.optional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'say what to change' });
const Sku = z.object({ sku: z.string() });

// The catalogue is worth reading without stock figures, so a slow inventory does not hold it up for longer.
const STOCK_PATIENCE_MS = 1_000;

/** The catalogue. */
export function productRoutes(products: ProductRequests, inventory: InventoryRequests): AnyRoute[] {
  const viewsOf = async (items: Product[]) => {
    const asked = items.length === 0 ? { items: [] } : inventory.getStocks({ skus: items.map(({ sku }) => sku) });
    const stocks = await orElse(Promise.resolve(asked), { instead: undefined, patienceMs: STOCK_PATIENCE_MS });
    const available = new Map(stocks?.items.map((stock) => [stock.sku, stock.available]));
    return items.map((product) => ({ ...product, available: available.get(product.sku) ?? null }));
  };
  const single = async (status: 200 | 201, product: Product, headers: Record<string, string> = {}) => {
    const body = ProductView.parse((await viewsOf([product]))[0]);
    return { status, body, headers: { ETag: entityTag(product.version, body), ...headers } };
  };

  return [
    route({
      method: 'get',
      path: '/v1/products',
      operationId: 'listProducts',
      summary: 'Browse or search the catalogue, newest first',
      tag: 'products',
      access: 'public',
      query: z.strictObject({
        q: z
          .string()
          .max(200)
          .optional()
          .meta({ description: 'words that must all occur in name, description or SKU' }),
        ...pageQuery,
      }),
      responses: { 200: { description: 'A page of products', body: listOf(ProductView) } },
      problems: { 400: ['BadCursor'] },
      async handle({ query: { q, cursor, limit } }) {
        const page = await products.listProducts({ query: q || undefined, after: cursor, limit });
        const next = nextPage('/v1/products', page.next, { limit, q: q || undefined });
        return { status: 200, body: { items: await viewsOf(page.items), next } };
      },
    }),

    route({
      method: 'get',
      path: '/v1/products/:sku',
      operationId: 'readProduct',
      summary: 'Read one product',
      tag: 'products',
      access: 'public',
      params: Sku,
      headers: { 'If-None-Match': 'the ETag you have: 304 while it still holds' },
      responses: { 200: { description: 'The product', body: ProductView, headers: { ETag: 'its state' } } },
      problems: { 404: ['ProductNotFound'] },
      handle: async ({ params }) => single(200, await products.getProduct(params)),
    }),

    route({
      method: 'post',
      path: '/v1/products',
      operationId: 'createProduct',
      summary: 'Add a product',
      tag: 'products',
      access: 'admin',
      body: CreateProduct.meta({
        id: 'NewProduct',
        examples: [{ sku: '85123A', name: 'White hanging heart', price: { amountMinor: 255, currency: 'GBP' } }],
      }),
      responses: {
        201: {
          description: 'Added',
          body: ProductView,
          headers: { ETag: 'its state', Location: 'where it can be read' },
        },
      },
      problems: { 409: ['SkuTaken'] },
      handle: async ({ body }) =>
        single(201, await products.createProduct(body), { Location: `/v1/products/${body.sku}` }),
    }),

    route({
      method: 'patch',
      path: '/v1/products/:sku',
      operationId: 'changeProduct',
      summary: 'Change a product',
      tag: 'products',
      access: 'admin',
      params: Sku,
      body: ChangeProduct,
      headers: { 'If-Match': 'the ETag the change was made on: 412 where it has changed since' },
      responses: { 200: { description: 'The changed product', body: ProductView, headers: { ETag: 'its state' } } },
      problems: { 404: ['ProductNotFound'], 412: ['PreconditionFailed'] },
      async handle({ params: { sku }, body, header }) {
        const version = expectedVersion(header('If-Match'));
        return single(200, await products.updateProduct({ ...body, sku, expectedVersion: version }));
      },
    }),
  ];
}
