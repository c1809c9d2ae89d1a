import { LRUCache } from 'lru-cache';
import type { Product } from '../../activities/product.ts';

/**
 * Products by SKU, invalidated by change notifications from the database. While notifications may be missed (`disable`)
 * it holds nothing and every read goes to the database.
 */
export interface ProductCache {
  /** Returns the cached product, or loads it. */
  read(sku: string, load: () => Promise<Product>): Promise<Product>;
  /** Call when the product has changed. */
  invalidate(sku: string): void;
  /** Call when notifications of all changes arrive from now on. */
  enable(): void;
  /** Call when notifications may be missed from now on. */
  disable(): void;
}

// 10,000 products of at most 5 KB are at most some 50 MB, and cover any shop's best sellers.
const MOST_PRODUCTS = 10_000;
const HOUR_MS = 60 * 60 * 1000;

export function createProductCache(): ProductCache {
  const products = new LRUCache<string, Product>({ max: MOST_PRODUCTS, ttl: HOUR_MS });
  let enabled = false;
  // Counts everything that may make a row outdated which was read before.
  let generation = 0;

  const reset = (enable: boolean) => {
    generation += 1;
    products.clear();
    enabled = enable;
  };
  return {
    async read(sku, load) {
      const cached = products.get(sku);
      if (cached) return cached;
      const startedAt = generation;
      const product = await load();
      // A read that began before a change may have returned the old row.
      if (enabled && generation === startedAt) products.set(sku, product);
      return product;
    },
    invalidate(sku) {
      generation += 1;
      products.delete(sku);
    },
    enable: () => reset(true),
    disable: () => reset(false),
  };
}
