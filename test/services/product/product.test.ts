import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type CreateProduct, Product, type ProductRequests, productEvents } from '../../../activities/product.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('the product service', () => {
  let database: FreshDatabase<ProductDatabase>;
  let products: ProductRequests;

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    products = createProductRequests(database.db, createProductCache());
  });
  after(() => database.drop());
  beforeEach(() => database.db.deleteFrom('products').execute());

  const lantern = (difference: Partial<CreateProduct> = {}): CreateProduct => ({
    sku: `L-${randomUUID().slice(0, 8)}`,
    name: 'White hanging lantern',
    description: 'Metal',
    price: { amountMinor: 339, currency: 'GBP' },
    ...difference,
  });
  const eventsOf = (sku: string) =>
    database.db.selectFrom('outbox').select(['type', 'data']).where('subject', '=', sku).orderBy('sequence').execute();

  describe('createProduct', () => {
    it('adds a product to the catalogue and publishes an event', async () => {
      const { createdAt, updatedAt, ...created } = await products.createProduct(lantern({ sku: 'A-1' }));
      assert.deepEqual(created, { ...lantern({ sku: 'A-1' }), sold: true, version: 1 });
      assert.equal(createdAt, updatedAt);
      assert.deepEqual(await products.getProduct({ sku: 'A-1' }), { ...created, createdAt, updatedAt });
      const { name, price } = lantern();
      assert.deepEqual(await eventsOf('A-1'), [
        { type: 'product.created', data: { sku: 'A-1', name, price, sold: true, version: 1 } },
      ]);
    });

    it('gives a SKU to one product only, even concurrently', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => products.createProduct(lantern({ sku: 'ONE', name: `n${index}` }))),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(refused.length, 9);
      for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'SkuTaken');
      assert.equal((await eventsOf('ONE')).length, 1);
    });

    it('distinguishes SKUs by case, as stock codes do', async () => {
      await products.createProduct(lantern({ sku: '85123A' }));
      await products.createProduct(lantern({ sku: '85123a', name: 'Another' }));
      assert.equal((await products.getProduct({ sku: '85123a' })).name, 'Another');
    });
  });

  describe('updateProduct', () => {
    it('changes the given fields, increments the version and publishes an event', async () => {
      const before = await products.createProduct(lantern());
      const price = { amountMinor: 400, currency: 'GBP' };
      const after = await products.updateProduct({ sku: before.sku, price, expectedVersion: 1 });
      assert.deepEqual({ ...after, updatedAt: '' }, { ...before, price, version: 2, updatedAt: '' });
      assert.deepEqual(await products.getProduct({ sku: before.sku }), after);
      assert.deepEqual((await eventsOf(before.sku))[1], {
        type: 'product.updated',
        data: { sku: before.sku, name: before.name, price, sold: true, version: 2 },
      });
    });

    it('accepts one of two writers with the same version', async () => {
      const { sku } = await products.createProduct(lantern());
      const outcomes = await Promise.allSettled(
        ['first', 'second'].map((name) => products.updateProduct({ sku, name, expectedVersion: 1 })),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code: string }).code),
        ['VersionConflict'],
      );
      assert.equal((await products.getProduct({ sku })).version, 2);
      assert.equal((await eventsOf(sku)).length, 2);
    });

    it('refuses an unknown product', async () => {
      for (const sku of ['NONE', 'no\0sku']) {
        await assert.rejects(products.updateProduct({ sku, name: 'x' }), { code: 'ProductNotFound' });
      }
    });
  });

  describe('withdrawing a product from sale', () => {
    const typesOf = async (sku: string) => (await eventsOf(sku)).map(({ type }) => type);
    const skusOf = async (query?: string) =>
      (await products.listProducts({ query, limit: 20 })).items.map(({ sku }) => sku);

    it('takes it out of lists and searches until it is put back, and publishes an event of each', async () => {
      const { sku, name, price } = await products.createProduct(lantern());
      const withdrawn = await products.updateProduct({ sku, sold: false });
      assert.deepEqual([withdrawn.sold, withdrawn.version], [false, 2]);
      assert.deepEqual([await skusOf(), await skusOf('lantern')], [[], []]);
      await products.updateProduct({ sku, sold: true });
      assert.deepEqual([await skusOf(), await skusOf('lantern')], [[sku], [sku]]);
      assert.deepEqual((await eventsOf(sku)).slice(1), [
        { type: 'product.withdrawn', data: { sku, name, price, sold: false, version: 2 } },
        { type: 'product.restored', data: { sku, name, price, sold: true, version: 3 } },
      ]);
    });

    it('leaves it readable by its SKU, marked as not sold', async () => {
      const { sku } = await products.createProduct(lantern());
      const withdrawn = await products.updateProduct({ sku, sold: false });
      assert.deepEqual(await products.getProduct({ sku }), withdrawn);
      assert.deepEqual((await products.getProducts({ skus: [sku] })).items, [withdrawn]);
    });

    it('changes other fields with it, and other changes leave it withdrawn', async () => {
      const { sku } = await products.createProduct(lantern());
      const withdrawn = await products.updateProduct({ sku, sold: false, name: 'Old lantern' });
      assert.deepEqual([withdrawn.sold, withdrawn.name], [false, 'Old lantern']);
      assert.equal((await products.updateProduct({ sku, name: 'Older lantern' })).sold, false);
      assert.deepEqual(await typesOf(sku), ['product.created', 'product.withdrawn', 'product.updated']);
    });

    it('and putting it back are said by one event each, even if they are done several times at once', async () => {
      const { sku } = await products.createProduct(lantern());
      for (const [sold, said] of [
        [false, 'product.withdrawn'],
        [true, 'product.restored'],
      ] as const) {
        const before = (await typesOf(sku)).length;
        await Promise.all(Array.from({ length: 8 }, () => products.updateProduct({ sku, sold })));
        const types = (await typesOf(sku)).slice(before);
        assert.equal(types.length, 8);
        assert.equal(types.filter((type) => type === said).length, 1);
        assert.equal(types.filter((type) => type === 'product.updated').length, 7);
      }
    });

    it('is refused for another version or an unknown product, and then says nothing', async () => {
      const { sku } = await products.createProduct(lantern());
      const refused = products.updateProduct({ sku, sold: false, expectedVersion: 2 });
      await assert.rejects(refused, { code: 'VersionConflict' });
      await assert.rejects(products.updateProduct({ sku: 'NONE', sold: false }), { code: 'ProductNotFound' });
      assert.equal((await products.getProduct({ sku })).sold, true);
      assert.deepEqual(await typesOf(sku), ['product.created']);
    });

    it('leaves no gap in pages', async () => {
      const skus: string[] = [];
      for (let index = 0; index < 9; index += 1) skus.push((await products.createProduct(lantern())).sku);
      for (const sku of skus.slice(2, 7)) await products.updateProduct({ sku, sold: false });
      const first = await products.listProducts({ limit: 3 });
      const second = await products.listProducts({ limit: 3, after: first.next! });
      assert.deepEqual([first.items.length, second.items.length, second.next], [3, 1, null]);
    });

    it('is in no event or response of a version that could not withdraw products', () => {
      const data = { sku: 'A-1', name: 'Lantern', price: { amountMinor: 1, currency: 'GBP' }, version: 1 };
      assert.deepEqual(productEvents['product.updated'].parse(data), { ...data, sold: true });
      const at = '2026-01-05T09:00:00.000Z';
      const response = { ...data, description: '', createdAt: at, updatedAt: at };
      assert.deepEqual(Product.parse(response), { ...response, sold: true });
    });
  });

  describe('getProduct and getProducts', () => {
    it('refuse or leave out unknown products', async () => {
      const { sku } = await products.createProduct(lantern());
      await assert.rejects(products.getProduct({ sku: 'NONE' }), { code: 'ProductNotFound' });
      await assert.rejects(products.getProduct({ sku: 'no\0sku' }), { code: 'ProductNotFound' });
      const { items } = await products.getProducts({ skus: ['NONE', sku, 'no\0sku'] });
      assert.deepEqual(
        items.map((item) => item.sku),
        [sku],
      );
      assert.deepEqual(await products.getProducts({ skus: [] }), { items: [] });
    });
  });

  describe('listProducts', () => {
    /** Reads all pages in turn; `between` runs after each. */
    async function walk(limit: number, between: (page: number) => Promise<void> = async () => {}): Promise<Product[]> {
      const seen: Product[] = [];
      let after: string | undefined;
      for (let page = 1; page === 1 || after; page += 1) {
        const { items, next } = await products.listProducts({ limit, ...(after && { after }) });
        seen.push(...items);
        after = next ?? undefined;
        await between(page);
      }
      return seen;
    }
    /** Inserts products with three different times of creation; returns their SKUs in the order of the list. */
    async function insertProducts(count: number): Promise<string[]> {
      const rows = Array.from({ length: count }, (_, index) => ({
        sku: `P-${String(index).padStart(3, '0')}`,
        name: `Product ${index}`,
        description: '',
        price_minor: 100,
        currency: 'GBP',
        created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, 0, index % 3)),
      }));
      await database.db.insertInto('products').values(rows).execute();
      return rows
        .toSorted((a, b) => Number(b.created_at) - Number(a.created_at) || (a.sku < b.sku ? 1 : -1))
        .map(({ sku }) => sku);
    }

    it('shows the newest first, in pages without duplicates or gaps', async () => {
      const expected = await insertProducts(23);
      for (const limit of [1, 7, 23, 100]) {
        assert.deepEqual(
          (await walk(limit)).map(({ sku }) => sku),
          expected,
        );
      }
    });

    it('neither repeats nor skips products when others are added between pages', async () => {
      const expected = await insertProducts(12);
      const seen = await walk(5, async (page) => {
        await products.createProduct(lantern({ sku: `NEW-${page}` }));
      });
      assert.deepEqual(
        seen.map(({ sku }) => sku),
        expected,
      );
    });

    it('returns an empty last page for an empty catalogue', async () => {
      assert.deepEqual(await products.listProducts({ limit: 20 }), { items: [], next: null });
    });

    it('refuses a cursor of other origin', async () => {
      const timestamp = new Date().toISOString();
      for (const after of [
        '',
        'nonsense',
        encodeCursor([timestamp]),
        encodeCursor(['yesterday', 'A-1']),
        encodeCursor(['2026-99-99T00:00:00.000Z', 'A-1']),
        encodeCursor(['0000-01-01T00:00:00.000Z', 'A-1']),
        encodeCursor([timestamp, 'no\0sku']),
        encodeCursor([timestamp, "'; drop table products"]),
      ]) {
        await assert.rejects(products.listProducts({ limit: 20, after }), { code: 'BadCursor' }, after);
      }
    });
  });
});
