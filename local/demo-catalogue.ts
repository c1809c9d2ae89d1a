import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface DemoProduct {
  sku: string;
  name: string;
  description: string;
  pence: number;
  pieces: number;
}

/** A small catalogue for trying things out. The last product is scarce, so that it can sell out. */
export const DEMO_CATALOGUE: readonly DemoProduct[] = [
  { sku: 'MUG-BLUE', name: 'Blue stoneware mug', description: 'Holds 350 ml.', pence: 1_250, pieces: 500 },
  { sku: 'MUG-SAND', name: 'Sand stoneware mug', description: 'Holds 350 ml.', pence: 1_250, pieces: 500 },
  { sku: 'TEAPOT', name: 'Cast iron teapot', description: 'With a strainer; 1.2 l.', pence: 4_900, pieces: 120 },
  { sku: 'TEA-ASSAM', name: 'Assam tea', description: 'Loose leaf, 250 g.', pence: 895, pieces: 1_000 },
  { sku: 'TEA-SENCHA', name: 'Sencha tea', description: 'Green, loose leaf, 100 g.', pence: 1_150, pieces: 800 },
  { sku: 'TOWEL-LINEN', name: 'Linen tea towel', description: 'Washed linen, 50 by 70 cm.', pence: 1_400, pieces: 300 },
  { sku: 'BOARD-OAK', name: 'Oak cutting board', description: 'One piece, oiled.', pence: 3_600, pieces: 90 },
  { sku: 'KNIFE-PARING', name: 'Paring knife', description: 'Carbon steel, 9 cm.', pence: 2_750, pieces: 150 },
  { sku: 'CANDLE-6', name: 'Beeswax candles', description: 'Six, 25 cm.', pence: 1_800, pieces: 400 },
  { sku: 'NOTEBOOK-A5', name: 'Notebook A5', description: 'Dotted, 192 pages.', pence: 1_650, pieces: 600 },
  { sku: 'UMBRELLA', name: 'Walking umbrella', description: 'Ash handle, windproof.', pence: 7_200, pieces: 60 },
  { sku: 'CLOCK-WALL', name: 'Wall clock', description: 'The last three of their kind.', pence: 12_900, pieces: 3 },
];

export interface Shop {
  apiUrl: string;
  adminEmail: string;
  adminPassword: string;
  /** Holds the marker file that records whether the catalogue was loaded. */
  folder: string;
  signal: AbortSignal;
}

/**
 * Loads the demo catalogue once, through the public API as an admin would. Does nothing if the shop already has products.
 * After an interruption the next start continues: every stock adjustment has its own idempotency key. Returns the result
 * as text.
 */
export async function loadDemoCatalogue(shop: Shop): Promise<string> {
  const marker = path.join(shop.folder, 'demo-catalogue');
  const state = existsSync(marker) ? readFileSync(marker, 'utf8') : '';
  if (state === 'loaded') return 'loaded earlier';
  if (state !== 'loading' && (await hasProducts(shop))) return 'skipped: the shop already has products';
  writeFileSync(marker, 'loading');
  const token = await signIn(shop);
  for (const product of DEMO_CATALOGUE) {
    await createProduct(shop, token, product);
    await addStock(shop, token, product);
  }
  writeFileSync(marker, 'loaded');
  return `${DEMO_CATALOGUE.length} products`;
}

async function hasProducts(shop: Shop): Promise<boolean> {
  const { items } = (await request(shop, 'GET', '/v1/products?limit=1', {})).body as { items: unknown[] };
  return items.length > 0;
}

async function signIn(shop: Shop): Promise<string> {
  const body = { email: shop.adminEmail, password: shop.adminPassword };
  return ((await request(shop, 'POST', '/v1/sessions', { body })).body as { accessToken: string }).accessToken;
}

async function createProduct(shop: Shop, token: string, { sku, name, description, pence }: DemoProduct): Promise<void> {
  const body = { sku, name, description, price: { amountMinor: pence, currency: 'GBP' } };
  const options = { token, body, key: `demo-product-${sku}`, acceptedProblems: ['SkuTaken'] };
  await request(shop, 'POST', '/v1/products', options);
}

async function addStock(shop: Shop, token: string, { sku, pieces }: DemoProduct): Promise<void> {
  const body = { delta: pieces, reason: 'demo catalogue' };
  await request(shop, 'POST', `/v1/products/${sku}/stock-adjustments`, { token, body, key: `demo-stock-${sku}` });
}

interface RequestOptions {
  token?: string;
  body?: unknown;
  /** Sent as the Idempotency-Key. */
  key?: string;
  /** Codes of problems that count as success. */
  acceptedProblems?: string[];
}

async function request(shop: Shop, method: string, route: string, options: RequestOptions): Promise<{ body: unknown }> {
  for (;;) {
    const response = await fetch(`${shop.apiUrl}${route}`, {
      method,
      headers: headersOf(options),
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      signal: shop.signal,
    });
    const body = (await response.json()) as { code?: string; detail?: string };
    if (response.ok || options.acceptedProblems?.includes(body.code ?? '')) return { body };
    // Rate limited, or a service is not ready yet: Retry-After says when to retry.
    if (response.status !== 429 && response.status !== 503) {
      throw new Error(`${method} ${route}: ${response.status} ${body.code ?? ''} ${body.detail ?? ''}`);
    }
    await sleep(Number(response.headers.get('Retry-After') ?? 1) * 1000, undefined, { signal: shop.signal });
  }
}

const headersOf = ({ token, body, key }: RequestOptions): Record<string, string> => ({
  ...(token && { authorization: `Bearer ${token}` }),
  ...(body !== undefined && { 'content-type': 'application/json' }),
  ...(key && { 'idempotency-key': key }),
});
