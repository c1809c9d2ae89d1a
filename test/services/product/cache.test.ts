import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { type Kysely, sql } from 'kysely';
import type { Product, ProductRequests } from '../../../activities/product.ts';
import { connect } from '../../../platform/database/connection.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import { followChanges } from '../../../services/product/changes.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { eventually } from '../../stage/eventually.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('the product cache', () => {
  const version = (number: number) => ({ version: number }) as Product;
  const loading = (product: Product) => () => Promise.resolve(product);

  it('holds a product for an hour', async () => {
    const cache = createProductCache();
    cache.enable();
    const start = performance.now();
    const clock = mock.method(performance, 'now', () => start);
    // lru-cache reads the clock at most once a millisecond.
    mock.timers.enable({ apis: ['setTimeout'] });
    const after = (minutes: number) => {
      clock.mock.mockImplementation(() => start + minutes * 60_000);
      mock.timers.tick(1);
    };
    try {
      assert.equal((await cache.read('A', loading(version(1)))).version, 1);
      after(59);
      assert.equal((await cache.read('A', loading(version(2)))).version, 1);
      after(61);
      assert.equal((await cache.read('A', loading(version(3)))).version, 3);
    } finally {
      mock.timers.reset();
      mock.restoreAll();
    }
  });

  it('holds nothing before it is enabled and after it is disabled', async () => {
    const cache = createProductCache();
    assert.equal((await cache.read('A', loading(version(1)))).version, 1);
    assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    cache.enable();
    assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    assert.equal((await cache.read('A', loading(version(3)))).version, 2);
    cache.disable();
    assert.equal((await cache.read('A', loading(version(4)))).version, 4);
    assert.equal((await cache.read('A', loading(version(5)))).version, 5);
    cache.enable();
    assert.equal((await cache.read('A', loading(version(6)))).version, 6);
  });

  for (const [event, happens] of [
    ['a change', (cache: ReturnType<typeof createProductCache>) => cache.invalidate('A')],
    [
      'a lost and regained connection',
      (cache: ReturnType<typeof createProductCache>) => (cache.disable(), cache.enable()),
    ],
  ] as const) {
    it(`does not keep the result of a read that began before ${event}`, async () => {
      const cache = createProductCache();
      cache.enable();
      const { promise, resolve } = Promise.withResolvers<Product>();
      const slow = cache.read('A', () => promise);
      happens(cache);
      resolve(version(1));
      assert.equal((await slow).version, 1);
      assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    });
  }

  it('holds a bounded number of products', async () => {
    const cache = createProductCache();
    cache.enable();
    for (let index = 0; index <= 10_000; index += 1) await cache.read(`S-${index}`, loading(version(1)));
    assert.equal((await cache.read('S-10000', loading(version(2)))).version, 1);
    assert.equal((await cache.read('S-0', loading(version(2)))).version, 2);
  });
});

describe('the product caches of two processes', function () {
  this.timeout(60_000);
  let database: FreshDatabase<ProductDatabase>;
  let owner: Kysely<ProductDatabase>;
  let here: ProductRequests;
  let there: ProductRequests;
  let followers: { close(): Promise<void> }[];
  const databases: Kysely<ProductDatabase>[] = [];

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    owner = connect<ProductDatabase>(database.ownerUrl, 1);
    // Without triggers, the owner's changes send no notification: only a cache still has the old value.
    await sql`set session_replication_role = replica`.execute(owner);
    const processes = [start(), start()];
    [here, there] = processes.map(({ requests }) => requests) as [ProductRequests, ProductRequests];
    followers = processes.map(({ follower }) => follower);
  });
  after(async () => {
    await Promise.all(followers.map((follower) => follower.close()));
    await Promise.all(databases.map((db) => db.destroy()));
    await owner.destroy();
    await database.drop();
  });

  /** Starts what services/product/service.ts starts, without the HTTP API. */
  function start() {
    const cache = createProductCache();
    const db = connect<ProductDatabase>(database.url, 2);
    databases.push(db);
    const follower = followChanges({ url: database.url, cache, logger: createLogger('product', 'error') });
    return { requests: createProductRequests(db, cache), follower };
  }
  async function create(): Promise<string> {
    const sku = `C-${randomUUID()}`;
    await here.createProduct({ sku, name: 'first', price: { amountMinor: 1, currency: 'GBP' } });
    return sku;
  }
  const nameAt = async (process: ProductRequests, sku: string) => (await process.getProduct({ sku })).name;
  const changeUnnoticed = (sku: string, name: string) =>
    owner.updateTable('products').set({ name }).where('sku', '=', sku).execute();
  /** Whether this process reads from its cache: it then returns an old value. */
  async function caches(process: ProductRequests): Promise<boolean> {
    const sku = await create();
    await nameAt(process, sku);
    await changeUnnoticed(sku, 'unnoticed');
    return (await nameAt(process, sku)) === 'first';
  }
  const becomesTrue = (condition: () => Promise<boolean>) =>
    eventually(async () => assert.ok(await condition()), 25_000, 5);
  beforeEach(() => becomesTrue(async () => (await caches(here)) && (await caches(there))));

  it('show a change at once in the process that made it, and in the other after its notification', async () => {
    const sku = await create();
    assert.deepEqual([await nameAt(here, sku), await nameAt(there, sku)], ['first', 'first']);
    await here.updateProduct({ sku, name: 'second' });
    assert.equal(await nameAt(here, sku), 'second');
    await becomesTrue(async () => (await nameAt(there, sku)) === 'second');
  });

  it('notice changes made in SQL too', async () => {
    const sku = await create();
    await nameAt(there, sku);
    await database.db.updateTable('products').set({ name: 'by hand' }).where('sku', '=', sku).execute();
    await becomesTrue(async () => (await nameAt(there, sku)) === 'by hand');
  });

  it('are not used by getProducts, which prices orders', async () => {
    let sku = '';
    // Repeated, because the notification of the creation may come in between and invalidate the old value.
    await becomesTrue(async () => {
      sku = await create();
      await nameAt(here, sku);
      await changeUnnoticed(sku, 'second');
      return (await nameAt(here, sku)) === 'first';
    });
    assert.equal((await here.getProducts({ skus: [sku] })).items[0]!.name, 'second');
  });

  it('serve nothing old while the connection for notifications is lost, and recover by themselves', async () => {
    const name = sql.id(new URL(database.url).pathname.slice(1));
    const limitConnections = (limit: number) =>
      sql`alter database ${name} connection limit ${sql.lit(limit)}`.execute(owner);
    for (let round = 1; round <= 3; round += 1) {
      const sku = await create();
      await nameAt(there, sku);
      // Without this limit the process could reconnect, and cache again, before the reads below.
      await limitConnections(0);
      // Waits until the server has closed the connections.
      const { rows } = await sql<{ ended: boolean }>`
        select pg_terminate_backend(pid, 3000) as ended from pg_stat_activity
        where datname = current_database() and application_name = 'product changes'`.execute(owner);
      assert.deepEqual(rows, [{ ended: true }, { ended: true }]);
      await here.updateProduct({ sku, name: 'second' });
      assert.equal(await nameAt(there, sku), 'second');
      await changeUnnoticed(sku, 'third');
      assert.equal(await nameAt(there, sku), 'third');
      await limitConnections(-1);
      await becomesTrue(() => caches(there));
      await becomesTrue(() => caches(here));
    }
  });
});
