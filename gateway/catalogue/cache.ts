import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import type { Product, ProductRequests } from '../../activities/product.ts';

// 20 MB at most, at 20 KB a page; the pages that a shop's visitors look at are few.
const MOST_PAGES = 1_000;
// 50 MB at worst, at 5 KB each, and any shop's best sellers.
const MOST_PRODUCTS = 10_000;
// Hearing of changes is what keeps this fresh; a change that was never told, by hand in the database, is seen so late.
const LONGEST_MS = 5 * 60 * 1000;

/** The catalogue as it is read by everybody, never older than the last change that was heard of. */
export interface CatalogueCache extends Pick<ProductRequests, 'listProducts' | 'getProduct'> {
  /** This product has changed, or is new; where its version is known, no older one is kept any more. */
  forget(sku: string, version?: number): void;
  /** From now on every change is heard of. */
  trust(): void;
  /** From now on changes may go unheard: nothing is kept. */
  distrust(): void;
}

interface Reading<Kept> {
  what: string;
  key: string;
  load: () => Promise<Kept>;
  isCurrent?: (answer: Kept) => boolean;
}

/**
 * Keeps what the product service says of pages and single products. What is available is no part of it: a figure that
 * is late sends customers after goods that are gone, so each answer is put together with the stock of its moment.
 */
export function createCatalogueCache(products: ProductRequests, registry: Registry): CatalogueCache {
  const pages = new LRUCache<string, Awaited<ReturnType<ProductRequests['listProducts']>>>({
    max: MOST_PAGES,
    ttl: LONGEST_MS,
  });
  const singles = new LRUCache<string, Product>({ max: MOST_PRODUCTS, ttl: LONGEST_MS });
  const newest = new LRUCache<string, number>({ max: MOST_PRODUCTS });
  const reads = new Counter({
    name: 'catalogue_cache_reads_total',
    help: 'Reads of the catalogue, by what was asked for and whether it was at hand',
    labelNames: ['what', 'outcome'] as const,
    registers: [registry],
  });
  let trusted = false;
  // Counts everything that may make an answer on its way an old one.
  let generation = 0;

  const read = async <Kept extends object>(
    kept: LRUCache<string, Kept>,
    { what, key, load, isCurrent = () => true }: Reading<Kept>,
  ): Promise<Kept> => {
    const known = kept.get(key);
    reads.inc({ what, outcome: known ? 'hit' : 'miss' });
    if (known) return known;
    const begunAt = generation;
    const answer = await load();
    if (trusted && generation === begunAt && isCurrent(answer)) kept.set(key, answer);
    return answer;
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
        // A replica of the product service keeps products too, and may hear of a change a moment after we do.
        isCurrent: ({ sku, version }) => version >= (newest.get(sku) ?? 0),
      }),
    forget(sku, version) {
      generation += 1;
      if (version !== undefined) newest.set(sku, version);
      singles.delete(sku);
      // Any page may list it, or leave it out.
      pages.clear();
    },
    trust: () => startOver(true),
    distrust: () => startOver(false),
  };
}
