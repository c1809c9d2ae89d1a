import type { Selectable } from 'kysely';
import type { Product } from '../../activities/product.ts';
import type { ProductDatabase } from './database.ts';

/** The columns for `productOf`: all but those for searching. */
export const COLUMNS = [
  'sku',
  'name',
  'description',
  'price_minor',
  'currency',
  'sold',
  'version',
  'created_at',
  'updated_at',
] as const satisfies (keyof ProductDatabase['products'])[];

/** Converts a row to the contract's type. */
export const productOf = (row: Selectable<ProductDatabase['products']>): Product => ({
  sku: row.sku,
  name: row.name,
  description: row.description,
  price: { amountMinor: row.price_minor, currency: row.currency },
  sold: row.sold,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
