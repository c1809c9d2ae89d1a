import { type Kysely, sql } from 'kysely';
import { Sku } from '../../activities/identity.ts';
import type { Page } from '../../platform/contract/operation.ts';
import { type ListProducts, type Product, productRefusal } from '../../activities/product.ts';
import { decodeCursor, encodeCursor } from '../../platform/database/cursor.ts';
import type { ProductDatabase } from './database.ts';
import { COLUMNS, productOf } from './row.ts';
import { matches } from './search.ts';

/** Returns a page of the products that are sold, newest first; ties are ordered by SKU, so that pages neither repeat nor skip any. */
export async function listProducts(
  db: Kysely<ProductDatabase>,
  { query, after, limit }: ListProducts,
): Promise<Page<Product>> {
  let products = db
    .selectFrom('products')
    .select(COLUMNS)
    .where('sold', '=', true)
    .orderBy('created_at', 'desc')
    .orderBy('sku', 'desc')
    // One more than requested shows whether there is a next page.
    .limit(limit + 1);
  if (query?.trim()) products = products.where(matches(query));
  if (after !== undefined) {
    const { createdAt, sku } = positionOf(after);
    products = products.where(sql<boolean>`(created_at, sku) < (${createdAt}::timestamptz, ${sku})`);
  }
  const rows = await products.execute();
  const items = rows.slice(0, limit).map(productOf);
  const last = items.at(-1);
  return { items, next: last && rows.length > limit ? encodeCursor([last.createdAt, last.sku]) : null };
}

function positionOf(cursor: string): { createdAt: string; sku: string } {
  const [createdAt, sku] = decodeCursor(cursor, 2) as [string, string];
  if (!isTimestamp(createdAt) || !Sku.safeParse(sku).success) {
    throw productRefusal('BadCursor', 'this cursor was not issued by this list');
  }
  return { createdAt, sku };
}

/** Whether `productOf` could have written it. The year has four digits, so that PostgreSQL reads the same. */
const isTimestamp = (text: string): boolean =>
  /^[12]\d{3}-/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
