import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import type { Product, ProductRequests } from '../../activities/product.ts';

// At most 20 MB at 20 KB per page; a shop's visitors read few different pages.
const MAX_PAGES = 1_000;
// At most 50 MB at 5 KB each; enough for the best sellers of any shop.
const MAX_PRODUCTS = 10_000;
// The feed of changes keeps the cache fresh. A manual change in the database, which has no event, is seen this late.
const MAX_AGE_MS = 5 * 60 * 1000;

/** A cache of the catalogue, never older than the last received change. */
export interface CatalogueCache extends Pick<ProductRequests, 'listProducts' | 'getProduct'> {
  /** Drops a product that has changed or is new. If its version is known, no older one is cached any more. */
  forget(sku: string, version?: number): void;
  /** From now on every change is received: starts caching. */
  trust(): void;
  /** From now on changes may be missed: stops caching. */
  distrust(): void;
}

interface CacheRead<Value> {
  what: string;
  key: string;
  load: () => Promise<Value>;
  isCurrent?: (value: Value) => boolean;
}

/**
 * Caches pages and single products of the product service. Stock is not cached, because an outdated number would
 * promise customers goods that are sold out: each response is completed with the current stock.
 */
export function createCatalogueCache(products: ProductRequests, registry: Registry): CatalogueCache {
  const pages = new LRUCache<string, Awaited<ReturnType<ProductRequests['listProducts']>>>({
    max: MAX_PAGES,
    ttl: MAX_AGE_MS,
  });
  const singles = new LRUCache<string, Product>({ max: MAX_PRODUCTS, ttl: MAX_AGE_MS });
  const newest = new LRUCache<string, number>({ max: MAX_PRODUCTS });
  const reads = new Counter({
    name: 'catalogue_cache_reads_total',
    help: 'Reads of the catalogue, by what was read and whether it was cached',
    labelNames: ['what', 'outcome'] as const,
    registers: [registry],
  });
  let trusted = false;
  // Counts the changes that may outdate a response in flight.
  let generation = 0;

  const read = async <Value extends object>(
    cache: LRUCache<string, Value>,
    { what, key, load, isCurrent = () => true }: CacheRead<Value>,
  ): Promise<Value> => {
    const cached = cache.get(key);
    reads.inc({ what, outcome: cached ? 'hit' : 'miss' });
    if (cached) return cached;
    const before = generation;
    const value = await load();
    if (trusted && generation === before && isCurrent(value)) cache.set(key, value);
    return value;
  };
  const startOver = (nowTrusted: boolean) => {
    generation += 1;
    trusted = nowTrusted;
    pages.clear();
    singles.clear();
  };

  return {
    listProducts: (request) =>
      read(pages, { what: 'page', key: JSON.stringify(request), load: () => products.listProducts(request) }),
    getProduct: (request) =>
      read(singles, {
        what: 'product',
        key: request.sku,
        load: () => products.getProduct(request),
        // The product service's replicas cache products too, and may receive a change a moment later.
        isCurrent: ({ sku, version }) => version >= (newest.get(sku) ?? 0),
      }),
    forget(sku, version) {
      generation += 1;
      if (version !== undefined) newest.set(sku, version);
      singles.delete(sku);
      // Any page may be affected.
      pages.clear();
    },
    trust: () => startOver(true),
    distrust: () => startOver(false),
  };
}
