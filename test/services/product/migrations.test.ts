import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { Product } from '../../../activities/product.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';

describe('products of an earlier version', () => {
  let database: FreshDatabase<ProductDatabase>;

  before(async () => {
    database = await upgradedDatabase('product', '001_create_product', (owner) =>
      sql`
        insert into products (sku, name, description, price_minor, currency)
        values ('old-1', 'हिन्दी किताब', 'Café', 100, 'DEM'), ('old-2', 'Lanterns', '', 100, 'GBP')`.execute(owner),
    );
  });
  after(() => database.drop());

  const requests = () => createProductRequests(database.db, createProductCache());
  const find = async (query: string) =>
    (await requests().listProducts({ query, limit: 10 })).items.map(({ sku }) => sku);

  it('are found in every script, as new ones are', async () => {
    assert.deepEqual(await find('हिन्दी'), ['old-1']);
    assert.deepEqual(await find('cafe'), ['old-1']);
    assert.deepEqual(await find('lantern'), ['old-2']);
  });

  it('are all sold', async () => {
    const { items } = await requests().listProducts({ limit: 10 });
    assert.deepEqual(
      items.map(({ sku, sold }) => [sku, sold]),
      [
        ['old-2', true],
        ['old-1', true],
      ],
    );
  });

  it('are read, also with a currency that no new price may have', async () => {
    const product = await requests().getProduct({ sku: 'old-1' });
    assert.deepEqual(Product.parse(product).price, { amountMinor: 100, currency: 'DEM' });
  });
});
