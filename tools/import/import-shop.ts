import type { Client } from '../../clients/typescript/index.ts';
import { idempotencyKey } from '../api/idempotency-key.ts';
import { type Api, unexpected } from '../api/client.ts';
import { RequestRefused, dataOf, refused, typedClient } from '../api/typed-client.ts';
import type { Progress } from '../progress.ts';
import type { RecordRun } from '../record-run.ts';
import type { Customer, ToCustomer } from '../shop/customer.ts';
import type { Shop, ShopProduct } from '../shop/shop.ts';
import { Tally } from '../../platform/tally.ts';

export interface ImportOptions {
  shop: Shop;
  /** Pieces of each SKU. Undefined: as many as the whole file sells. */
  stock: number | undefined;
  run: RecordRun;
  api: Api;
  admin: Client;
  toCustomer: ToCustomer;
  progress: (total: number) => Progress;
}

/** What the import did, counted by outcome. */
export interface Imported {
  products: Tally<'created' | 'changed' | 'unchanged'>;
  adjustments: Tally<'made' | 'made before' | 'not needed'>;
  customers: Tally<'created' | 'known'>;
}

/**
 * Adds a shop's products, their stock and its customers to the platform. A repeat changes nothing. `run` notes those
 * that failed, and ends the import early.
 */
export async function importShop(options: ImportOptions): Promise<Imported> {
  const { shop, run, api, toCustomer } = options;
  const imported: Imported = { products: new Tally(), adjustments: new Tally(), customers: new Tally() };
  const client = typedClient(api);
  const customers = [...new Set(shop.invoices.map(({ customerId }) => customerId))].map(toCustomer);
  const progress = options.progress(shop.products.length + customers.length);
  try {
    await run.forEach(
      shop.products,
      ({ sku }) => `product ${sku}`,
      (product) => importProduct(product, options, imported).finally(() => progress.step()),
    );
    await run.forEach(
      customers,
      ({ email }) => `customer ${email}`,
      (customer) => importCustomer(customer, client, imported).finally(() => progress.step()),
    );
  } finally {
    progress.stop();
  }
  return imported;
}

async function importProduct(product: ShopProduct, options: ImportOptions, imported: Imported): Promise<void> {
  imported.products.add(await withPermission(() => putProduct(product, options)));
  imported.adjustments.add(await addStock(product, options));
}

async function putProduct({ sku, name, priceMinor }: ShopProduct, { shop, admin }: ImportOptions) {
  const wanted = { name, price: { amountMinor: priceMinor, currency: shop.currency } };
  const created = await admin.POST('/v1/products', { body: { sku, ...wanted } });
  if (created.data) return 'created';
  if (created.error.code !== 'SkuTaken') throw refused(created);
  const params = { path: { sku } };
  const known = dataOf(await admin.GET('/v1/products/{sku}', { params }));
  const same =
    known.name === name && known.price.amountMinor === priceMinor && known.price.currency === wanted.price.currency;
  if (same) return 'unchanged';
  dataOf(await admin.PATCH('/v1/products/{sku}', { params, body: wanted }));
  return 'changed';
}

/** The key consists of file, SKU and pieces: a repeat adds nothing, a run with another `--stock` adds that number. */
async function addStock({ sku, sold }: ShopProduct, { shop, stock, admin }: ImportOptions) {
  const delta = stock ?? sold;
  if (delta === 0) return 'not needed';
  const key = idempotencyKey('import', `${shop.sha256.slice(0, 32)}-${delta}-${sku}`);
  const result = await admin.POST('/v1/products/{sku}/stock-adjustments', {
    params: { path: { sku }, header: { 'Idempotency-Key': key } },
    body: { delta, reason: `import of ${shop.sha256.slice(0, 12)}` },
  });
  dataOf(result);
  return result.response.headers.get('idempotent-replayed') === 'true' ? 'made before' : 'made';
}

async function importCustomer(customer: Customer, api: Client, imported: Imported): Promise<void> {
  const result = await api.POST('/v1/users', { body: customer });
  if (result.data) imported.customers.add('created');
  else if (result.error.code === 'EmailTaken') imported.customers.add('known');
  else throw refused(result);
}

/** A missing permission would refuse every product, so it ends the import. */
async function withPermission<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isMissing = error instanceof RequestRefused && [401, 403].includes(error.response.status);
    throw isMissing ? unexpected({ method: 'POST', path: '/v1/products' }, error.response) : error;
  }
}
