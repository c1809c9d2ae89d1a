import { LRUCache } from 'lru-cache';
import type { Product } from '../../activities/product.ts';

/**
 * Products by SKU, never older than the last change this process has heard of. While it cannot hear
 * (`distrust`) it holds nothing and every read goes to the database.
 */
export interface ProductCache {
  /** The product as held, or as `load` finds it. */
  read(sku: string, load: () => Promise<Product>): Promise<Product>;
  /** It has changed. */
  forget(sku: string): void;
  /** From now on every change is heard of. */
  trust(): void;
  /** From now on changes may go unheard. */
  distrust(): void;
}

// 10,000 products of at most 5 KB are some 50 MB at worst, and cover any shop's best sellers.
const MOST_PRODUCTS = 10_000;
const HOUR_MS = 60 * 60 * 1000;

export function createProductCache(): ProductCache {
  const held = new LRUCache<string, Product>({ max: MOST_PRODUCTS, ttl: HOUR_MS });
  let trusted = false;
  // Counts everything that may make a row read earlier an old one.
  let generation = 0;

  const startOver = (nowTrusted: boolean) => {
    generation += 1;
    held.clear();
    trusted = nowTrusted;
  };
  return {
    async read(sku, load) {
      const known = held.get(sku);
      if (known) return known;
      const begunAt = generation;
      const product = await load();
      // A read that began before a change may have seen the row as it was.
      if (trusted && generation === begunAt) held.set(sku, product);
      return product;
    },
    forget(sku) {
      generation += 1;
      held.delete(sku);
    },
    trust: () => startOver(true),
    distrust: () => startOver(false),
  };
}
