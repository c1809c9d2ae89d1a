import { z } from 'zod';
import { type InventoryRequests, SetLowStock } from '../../activities/inventory.ts';
import {
  CreateProduct,
  Price,
  type Product,
  ProductDescription,
  ProductName,
  type ProductRequests,
} from '../../activities/product.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { expectedVersion } from '../entity-tag.ts';
import { productLinks } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { withFallback } from '../upstream/with-fallback.ts';
import type { CatalogueCache } from './cache.ts';
import { ProductView } from './view.ts';
import { SkuInPath } from '../openapi/examples.ts';

export interface ProductRouteDependencies {
  products: ProductRequests;
  inventory: InventoryRequests;
  catalogue: CatalogueCache;
}

/** Reading and changing products. */
export const productRoutes = (dependencies: ProductRouteDependencies): AnyRoute[] => [
  listProducts(dependencies),
  readProduct(dependencies),
  createProduct(dependencies),
  changeProduct(dependencies),
];

const ChangeProduct = z
  .strictObject({
    name: ProductName.optional(),
    description: ProductDescription.optional(),
    price: Price.optional(),
    sold: z.boolean().optional().meta({ description: 'false withdraws the product from sale, true puts it back' }),
    lowStockAt: SetLowStock.shape.lowStockAt.optional().meta({
      description: 'stock is low while no more is available; null: never. Changed without other fields',
    }),
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'must have at least one field to change' })
  // Stock is kept by another service than the catalogue, and a PATCH is done in full or not at all (RFC 5789).
  .refine((change) => change.lowStockAt === undefined || Object.keys(change).length === 1, {
    error: 'must be changed without other fields',
    path: ['lowStockAt'],
  })
  .meta({
    override: { minProperties: 1, dependentSchemas: { lowStockAt: { maxProperties: 1 } } },
    id: 'ProductChange',
    examples: [{ price: { amountMinor: 1_350, currency: 'GBP' } }, { sold: false }, { lowStockAt: 50 }],
  });
const Sku = z.object({ sku: SkuInPath });

// The catalogue is useful without stock levels, so a slow inventory service delays it no longer than this.
const STOCK_TIMEOUT_MS = 1_000;

// Price and stock are checked again when an order is placed, so a few seconds of age do no harm, and shared caches can
// serve popular pages. Responses to requests with a token are not shared.
const FRESH = 'max-age=5, stale-while-revalidate=10';
const freshFor = (header: (name: string) => string) => ({
  'Cache-Control': `${header('Authorization') ? 'private' : 'public'}, ${FRESH}`,
});

function listProducts({ inventory, catalogue }: ProductRouteDependencies): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/products',
    operationId: 'listProducts',
    summary: 'Browse or search the catalogue, newest first',
    tag: 'products',
    access: 'public',
    query: z.strictObject({
      q: z.string().max(200).optional().meta({
        description:
          'words, or beginnings of words, that must all occur in the name, description or SKU; case and accents do not matter',
      }),
      ...pageQuery,
    }),
    responses: {
      200: { description: 'A page of products', body: listOf(ProductView), links: productLinks('/items/0/sku') },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { q, cursor, limit }, header }) {
      const page = await catalogue.listProducts({ query: q || undefined, after: cursor, limit });
      const next = nextPage('/v1/products', page.next, { limit, q: q || undefined });
      return { status: 200, body: { items: await viewsOf(inventory, page.items), next }, headers: freshFor(header) };
    },
  });
}

function readProduct({ inventory, catalogue }: ProductRouteDependencies): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/products/:sku',
    operationId: 'readProduct',
    summary: 'Read one product, also one that is withdrawn from sale',
    tag: 'products',
    access: 'public',
    params: Sku,
    headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
    responses: {
      200: {
        description: 'The product',
        body: ProductView,
        headers: { ETag: 'the version of the product' },
        links: {
          ...productLinks('/sku'),
          changeProduct: {
            parameters: { sku: '$response.body#/sku', 'header.If-Match': '$response.header.ETag' },
          },
        },
      },
    },
    problems: { 404: ['ProductNotFound'] },
    handle: async ({ params, header }) =>
      withStock(inventory, { status: 200, product: await catalogue.getProduct(params), headers: freshFor(header) }),
  });
}

function createProduct({ products, inventory, catalogue }: ProductRouteDependencies): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/products',
    operationId: 'createProduct',
    summary: 'Add a product',
    tag: 'products',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['products:write'],
    body: CreateProduct.meta({
      id: 'NewProduct',
      examples: [{ sku: 'MUG-GREEN', name: 'Green stoneware mug', price: { amountMinor: 1_250, currency: 'GBP' } }],
    }),
    responses: {
      201: {
        description: 'Added',
        body: ProductView,
        headers: { ETag: 'the version of the product', Location: 'the path of the product' },
        links: productLinks('/sku'),
      },
    },
    problems: { 409: ['SkuTaken'] },
    async handle({ body }) {
      const product = await products.createProduct(body).finally(() => catalogue.forget(body.sku));
      return withStock(inventory, { status: 201, product, headers: { Location: `/v1/products/${body.sku}` } });
    },
  });
}

function changeProduct({ products, inventory, catalogue }: ProductRouteDependencies): AnyRoute {
  return route({
    method: 'patch',
    path: '/v1/products/:sku',
    operationId: 'changeProduct',
    summary: 'Change a product, withdraw it from sale, put it back, or say when its stock is low',
    tag: 'products',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['products:write'],
    params: Sku,
    body: ChangeProduct,
    headers: { 'If-Match': 'the ETag that the change is based on; 412 if the product has changed since' },
    responses: {
      200: {
        description: 'The changed product',
        body: ProductView,
        headers: { ETag: 'the version of the product' },
        links: productLinks('/sku'),
      },
    },
    problems: { 404: ['ProductNotFound'], 412: ['PreconditionFailed'] },
    async handle({ params: { sku }, body: { lowStockAt, ...change }, header }) {
      const current = async () => (await products.getProduct({ sku })).version;
      const version = await expectedVersion(header('If-Match'), current);
      if (lowStockAt !== undefined) return setLowStock({ products, inventory }, { sku, lowStockAt, version });
      const changed = products.updateProduct({ ...change, sku, expectedVersion: version });
      // The caller must read its own change here, before the event of it arrives.
      const product = await changed.finally(() => catalogue.forget(sku));
      return withStock(inventory, { status: 200, product });
    },
  });
}

/** The threshold has no version of its own: If-Match compares the product's, and the last writer wins. */
async function setLowStock(
  { products, inventory }: Pick<ProductRouteDependencies, 'products' | 'inventory'>,
  { sku, lowStockAt, version }: { sku: string; lowStockAt: number | null; version: number | undefined },
) {
  const product = await products.getProduct({ sku });
  if (version !== undefined && version !== product.version) {
    throw new Problem(412, 'PreconditionFailed', 'the product has changed; read it again');
  }
  const { available } = await inventory.setLowStock({ sku, lowStockAt });
  return { status: 200, body: viewOf(product, available), version: product.version };
}

interface ProductResponse {
  status: 200 | 201;
  product: Product;
  headers?: Record<string, string>;
}

async function withStock(inventory: InventoryRequests, { status, product, headers = {} }: ProductResponse) {
  const [body] = await viewsOf(inventory, [product]);
  return { status, body, version: product.version, headers };
}

/** `available` is null if the inventory service does not respond in time, and 0 if the product is not sold. */
async function viewsOf(inventory: InventoryRequests, items: Product[]) {
  const reading = items.length === 0 ? { items: [] } : inventory.getStocks({ skus: items.map(({ sku }) => sku) });
  const stocks = await withFallback(Promise.resolve(reading), { fallback: undefined, timeoutMs: STOCK_TIMEOUT_MS });
  const available = new Map(stocks?.items.map((stock) => [stock.sku, stock.available]));
  return items.map((product) => viewOf(product, available.get(product.sku) ?? null));
}

const viewOf = (product: Product, available: number | null) => ({
  ...product,
  available: product.sold ? available : 0,
});
