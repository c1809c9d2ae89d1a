import { type Kysely, type Transaction, sql } from 'kysely';
import { Sku } from '../../activities/identity.ts';
import {
  type CreateProduct,
  type Product,
  type ProductRequests,
  type UpdateProduct,
  productEvents,
  productRefusal,
} from '../../activities/product.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { ProductCache } from './cache.ts';
import type { ProductDatabase } from './database.ts';
import { listProducts } from './listing.ts';
import { COLUMNS, productOf } from './row.ts';

const writeEvent = createOutboxWriter('product', productEvents);

/** The product service's API. */
export function createProductRequests(db: Kysely<ProductDatabase>, cache: ProductCache): ProductRequests {
  return {
    listProducts: (request) => listProducts(db, request),
    getProduct: ({ sku }) => cache.read(sku, () => load(db, sku)),

    async getProducts({ skus }) {
      const valid = skus.filter(isSku);
      if (valid.length === 0) return { items: [] };
      const rows = await db.selectFrom('products').select(COLUMNS).where('sku', 'in', valid).execute();
      return { items: rows.map(productOf) };
    },

    async createProduct(product) {
      const created = await db.transaction().execute((transaction) => create(transaction, product));
      cache.invalidate(created.sku);
      return created;
    },

    async updateProduct(change) {
      const updated = await db.transaction().execute((transaction) => update(transaction, change));
      // A client that changed it through this process must not have to wait for the notification.
      cache.invalidate(updated.sku);
      return updated;
    },
  };
}

async function load(db: Kysely<ProductDatabase>, sku: string): Promise<Product> {
  const row = isSku(sku)
    ? await db.selectFrom('products').select(COLUMNS).where('sku', '=', sku).executeTakeFirst()
    : undefined;
  if (!row) throw notFound(sku);
  return productOf(row);
}

async function create(
  transaction: Transaction<ProductDatabase>,
  { sku, name, description = '', price }: CreateProduct,
): Promise<Product> {
  const row = await transaction
    .insertInto('products')
    .values({ sku, name, description, price_minor: price.amountMinor, currency: price.currency })
    .onConflict((conflict) => conflict.column('sku').doNothing())
    .returning(COLUMNS)
    .executeTakeFirst();
  if (!row) throw productRefusal('SkuTaken', `there is already a product ${sku}`);
  return publishProduct(transaction, 'product.created', productOf(row));
}

async function update(
  transaction: Transaction<ProductDatabase>,
  { sku, name, description, price, sold, expectedVersion }: UpdateProduct,
): Promise<Product> {
  if (!isSku(sku)) throw notFound(sku);
  const wasSold = sold === undefined ? undefined : await lockSold(transaction, sku);
  let change = transaction
    .updateTable('products')
    .set({ version: sql`version + 1`, updated_at: sql`now()` })
    .where('sku', '=', sku)
    .returning(COLUMNS);
  if (name !== undefined) change = change.set({ name });
  if (description !== undefined) change = change.set({ description });
  if (price) change = change.set({ price_minor: price.amountMinor, currency: price.currency });
  if (sold !== undefined) change = change.set({ sold });
  if (expectedVersion !== undefined) change = change.where('version', '=', expectedVersion);
  const row = await change.executeTakeFirst();
  if (row) return publishProduct(transaction, eventOf({ wasSold, sold: row.sold }), productOf(row));
  const current = await load(transaction, sku);
  throw productRefusal('VersionConflict', `product ${sku} is at version ${current.version}, not ${expectedVersion}`);
}

/**
 * Whether the product is sold; undefined if there is none. Nobody else can withdraw it or put it back before this
 * transaction ends: one event says so.
 */
async function lockSold(transaction: Transaction<ProductDatabase>, sku: string): Promise<boolean | undefined> {
  const row = await transaction
    .selectFrom('products')
    .select('sold')
    .where('sku', '=', sku)
    .forUpdate()
    .executeTakeFirst();
  return row?.sold;
}

/** `wasSold` is undefined if the change does not say whether the product is sold. */
function eventOf({ wasSold, sold }: { wasSold: boolean | undefined; sold: boolean }): keyof typeof productEvents {
  if (wasSold === undefined || wasSold === sold) return 'product.updated';
  return sold ? 'product.restored' : 'product.withdrawn';
}

/** Publishes the product's current state. */
async function publishProduct(
  transaction: Transaction<ProductDatabase>,
  type: keyof typeof productEvents,
  product: Product,
): Promise<Product> {
  const { sku, name, price, sold, version } = product;
  await writeEvent(transaction, { type, subject: sku, data: { sku, name, price, sold, version } });
  return product;
}

/** Anything else names no product, and may contain characters that PostgreSQL does not accept. */
const isSku = (text: string): boolean => Sku.safeParse(text).success;

const notFound = (sku: string) => productRefusal('ProductNotFound', `there is no product ${JSON.stringify(sku)}`);
