import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ProductRequests } from '../../../activities/product.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('product search', () => {
  let database: FreshDatabase<ProductDatabase>;
  let products: ProductRequests;

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    products = createProductRequests(database.db, createProductCache());
    await add('85123A', 'WHITE HANGING HEART T-LIGHT HOLDER');
    await add('71053', 'WHITE METAL LANTERN', 'The finest of lanterns, for candles');
    await add('84406B', 'CREAM CUPID HEARTS/COAT HANGER');
    await add('gift_0001-40', 'Gift voucher £40', 'für Gäste');
  });
  after(() => database.drop());

  const add = (sku: string, name: string, description = '') =>
    products.createProduct({ sku, name, description, price: { amountMinor: 100, currency: 'GBP' } });
  const find = async (query: string) => {
    const { items } = await products.listProducts({ query, limit: 100 });
    return items.map(({ sku }) => sku).toSorted();
  };

  it('requires every word, in any order and case', async () => {
    assert.deepEqual(await find('white'), ['71053', '85123A']);
    assert.deepEqual(await find('LIGHT white'), ['85123A']);
    assert.deepEqual(await find('white cream'), []);
  });

  it('searches name, description and SKU', async () => {
    assert.deepEqual(await find('candles'), ['71053']);
    assert.deepEqual(await find('85123a'), ['85123A']);
    assert.deepEqual(await find('gift_0001-40'), ['gift_0001-40']);
    assert.deepEqual(await find('0001'), ['gift_0001-40']);
  });

  it('finds words by prefix, by stem and beside punctuation', async () => {
    assert.deepEqual(await find('lant'), ['71053']);
    assert.deepEqual(await find('candle'), ['71053']);
    assert.deepEqual(await find('hanger'), ['84406B']);
    assert.deepEqual(await find('hearted'), ['84406B', '85123A']);
    assert.deepEqual(await find('coat hearts/'), ['84406B']);
    assert.deepEqual(await find('851'), ['85123A']);
  });

  it('finds stop words and words of other languages', async () => {
    assert.deepEqual(await find('the of lantern'), ['71053']);
    assert.deepEqual(await find('gäste'), ['gift_0001-40']);
  });

  it('treats blanks as no query, and finds nothing if the query has no word', async () => {
    assert.equal((await find('   ')).length, 4);
    assert.deepEqual(await find('&|!()'), []);
  });

  it('treats operators, quotes and wildcards as text', async () => {
    for (const query of [
      "white' or 1=1 --",
      'white & !lantern',
      'white:* <-> lantern',
      '%',
      '_',
      'white\\',
      'white\0lantern',
      '"white lantern"',
      ':*',
      '½ ² ①',
      '\ud800',
      'x'.repeat(200),
      'a '.repeat(100),
    ]) {
      await assert.doesNotReject(find(query), query);
    }
    assert.deepEqual(await find('white & lantern'), ['71053']);
    assert.deepEqual(await find('white\0lantern'), ['71053']);
  });

  it('never fails, whatever the query', async () => {
    const query = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 100 }));
    await fc.assert(
      fc.asyncProperty(query, async (words) => void (await find(words.slice(0, 200)))),
      { numRuns: 150 },
    );
  });

  it('finds every product by each word of its name and by prefixes of them', async () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const separator = fc.constantFrom(' ', '-', '/', '.', '_', ', ', "'", '@', ':');
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 4 }), separator, async (words, between) => {
        const sku = `Z-${(count += 1)}`;
        await add(sku, words.join(between));
        const prefixes = words.map((whole) => whole.slice(0, Math.ceil(whole.length / 2)));
        for (const query of [...words, words.join(between), prefixes.join(' ')]) {
          assert.ok((await find(query)).includes(sku), query);
        }
      }),
      { numRuns: 60 },
    );
  });
});
