import type { Client } from '../../clients/typescript/index.ts';
import { type Answer, type Api, codeOf, unexpected } from '../api/client.ts';
import { answerOf, typed } from '../api/typed.ts';
import { each } from '../each.ts';
import type { Progress } from '../progress.ts';
import type { Customer, ToCustomer } from '../shop/customer.ts';
import type { Shop, ShopProduct } from '../shop/shop.ts';
import { Tally } from '../tally.ts';

export interface ImportOptions {
  shop: Shop;
  /** Pieces of each SKU; absent: as many as the whole file sells. */
  stock: number | undefined;
  concurrency: number;
  api: Api;
  admin: Client;
  toCustomer: ToCustomer;
  progress: (total: number) => Progress;
}

/** What the import did, each counted by what became of it. */
export interface Imported {
  products: Tally<'created' | 'changed' | 'unchanged'>;
  adjustments: Tally<'made' | 'made before' | 'not needed'>;
  customers: Tally<'created' | 'known'>;
  /** Codes of what the API would not do. */
  refused: Tally;
}

/** Puts a shop's products, their stock and its customers on the platform. Again, changes nothing. */
export async function importShop(options: ImportOptions): Promise<Imported> {
  const { shop, concurrency, api, toCustomer } = options;
  const imported: Imported = {
    products: new Tally(),
    adjustments: new Tally(),
    customers: new Tally(),
    refused: new Tally(),
  };
  const anybody = typed(api);
  const customers = [...new Set(shop.invoices.map(({ customerId }) => customerId))].map(toCustomer);
  const progress = options.progress(shop.products.length + customers.length);
  const counting = (work: () => Promise<void>) =>
    work()
      .catch((error: unknown) => countRefusal(error, imported.refused))
      .finally(() => progress.step());
  try {
    await each(shop.products, concurrency, (product) => counting(() => importProduct(product, options, imported)));
    await each(customers, concurrency, (customer) => counting(() => importCustomer(customer, anybody, imported)));
  } finally {
    progress.stop();
  }
  return imported;
}

async function importProduct(product: ShopProduct, options: ImportOptions, imported: Imported): Promise<void> {
  imported.products.add(await putProduct(product, options.admin));
  imported.adjustments.add(await addStock(product, options));
}

async function putProduct({ sku, name, priceMinor }: ShopProduct, admin: Client) {
  const wanted = { name, price: { amountMinor: priceMinor, currency: 'GBP' } };
  const created = await admin.POST('/v1/products', { body: { sku, ...wanted } });
  if (created.data) return 'created';
  if (created.error.code !== 'SkuTaken') throw new Refused(answerOf(created));
  const params = { path: { sku } };
  const known = granted(await admin.GET('/v1/products/{sku}', { params }));
  const same =
    known.name === name && known.price.amountMinor === priceMinor && known.price.currency === wanted.price.currency;
  if (same) return 'unchanged';
  granted(await admin.PATCH('/v1/products/{sku}', { params, body: wanted }));
  return 'changed';
}

/** Named by file, SKU and pieces: the same import again adds nothing, one with another `--stock` adds what it says. */
async function addStock({ sku, sold }: ShopProduct, { shop, stock, admin }: ImportOptions) {
  const delta = stock ?? sold;
  if (delta === 0) return 'not needed';
  const key = `import-${shop.sha256.slice(0, 32)}-${delta}-${sku}`;
  const answer = await admin.POST('/v1/products/{sku}/stock-adjustments', {
    params: { path: { sku }, header: { 'Idempotency-Key': key } },
    body: { delta, reason: `import of ${shop.sha256.slice(0, 12)}` },
  });
  granted(answer);
  return answer.response.headers.get('idempotent-replayed') === 'true' ? 'made before' : 'made';
}

async function importCustomer(customer: Customer, api: Client, imported: Imported): Promise<void> {
  const answer = await api.POST('/v1/users', { body: customer });
  if (answer.data) imported.customers.add('created');
  else if (answer.error.code === 'EmailTaken') imported.customers.add('known');
  else throw new Refused(answerOf(answer));
}

/** The API said no to one product or customer: counted, and the others go on. */
class Refused extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(codeOf(answer));
    this.answer = answer;
  }
}

function granted<Data>(answer: { data?: Data; error?: unknown; response: Response }): Data {
  if (answer.data === undefined) throw new Refused(answerOf(answer));
  return answer.data;
}

function countRefusal(error: unknown, refused: Tally): void {
  if (!(error instanceof Refused)) throw error;
  if (error.answer.status === 401 || error.answer.status === 403) {
    throw unexpected({ method: 'POST', path: '/v1/products' }, error.answer);
  }
  refused.add(codeOf(error.answer));
}
