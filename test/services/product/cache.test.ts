import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Product, ProductRequests } from '../../../activities/product.ts';
import { connect } from '../../../platform/database/connection.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import { followChanges } from '../../../services/product/changes.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('product cache', () => {
  const version = (number: number) => ({ version: number }) as Product;
  const loading = (product: Product) => () => Promise.resolve(product);

  it('holds what it read for an hour', async () => {
    const cache = createProductCache();
    cache.trust();
    const start = performance.now();
    const clock = mock.method(performance, 'now', () => start);
    // lru-cache looks at the clock at most once a millisecond.
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

  it('holds nothing before it is trusted and after it is distrusted', async () => {
    const cache = createProductCache();
    assert.equal((await cache.read('A', loading(version(1)))).version, 1);
    assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    cache.trust();
    assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    assert.equal((await cache.read('A', loading(version(3)))).version, 2);
    cache.distrust();
    assert.equal((await cache.read('A', loading(version(4)))).version, 4);
    assert.equal((await cache.read('A', loading(version(5)))).version, 5);
    cache.trust();
    assert.equal((await cache.read('A', loading(version(6)))).version, 6);
  });

  for (const [what, happen] of [
    ['a change', (cache: ReturnType<typeof createProductCache>) => cache.forget('A')],
    [
      'a lost and regained connection',
      (cache: ReturnType<typeof createProductCache>) => (cache.distrust(), cache.trust()),
    ],
  ] as const) {
    it(`does not keep what a read that began before ${what} found`, async () => {
      const cache = createProductCache();
      cache.trust();
      const { promise, resolve } = Promise.withResolvers<Product>();
      const slow = cache.read('A', () => promise);
      happen(cache);
      resolve(version(1));
      assert.equal((await slow).version, 1);
      assert.equal((await cache.read('A', loading(version(2)))).version, 2);
    });
  }

  it('holds a bounded number of products', async () => {
    const cache = createProductCache();
    cache.trust();
    for (let index = 0; index <= 10_000; index += 1) await cache.read(`S-${index}`, loading(version(1)));
    assert.equal((await cache.read('S-10000', loading(version(2)))).version, 1);
    assert.equal((await cache.read('S-0', loading(version(2)))).version, 2);
  });
});

describe('product caches of two processes', function () {
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
    // The owner's changes go unannounced: only a cache can then still know the old value.
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

  /** What services/product/service.ts starts, without a door. */
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
  const changeUnheard = (sku: string, name: string) =>
    owner.updateTable('products').set({ name }).where('sku', '=', sku).execute();
  /** Whether this process answers from its cache, seen by an old answer. */
  async function caches(process: ProductRequests): Promise<boolean> {
    const sku = await create();
    await nameAt(process, sku);
    await changeUnheard(sku, 'unheard');
    return (await nameAt(process, sku)) === 'first';
  }
  async function eventually(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 25_000;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, 'did not happen within 25 s');
      await sleep(5);
    }
  }
  beforeEach(() => eventually(async () => (await caches(here)) && (await caches(there))));

  it('a change through one is seen at once by itself, and by the other as soon as it is announced', async () => {
    const sku = await create();
    assert.deepEqual([await nameAt(here, sku), await nameAt(there, sku)], ['first', 'first']);
    await here.updateProduct({ sku, name: 'second' });
    assert.equal(await nameAt(here, sku), 'second');
    await eventually(async () => (await nameAt(there, sku)) === 'second');
  });

  it("a person's SQL is heard too", async () => {
    const sku = await create();
    await nameAt(there, sku);
    await database.db.updateTable('products').set({ name: 'by hand' }).where('sku', '=', sku).execute();
    await eventually(async () => (await nameAt(there, sku)) === 'by hand');
  });

  it('what is priced by is read uncached', async () => {
    let sku = '';
    // The announcement of its creation may come in between and make this process read the change: then with another.
    await eventually(async () => {
      sku = await create();
      await nameAt(here, sku);
      await changeUnheard(sku, 'second');
      return (await nameAt(here, sku)) === 'first';
    });
    assert.equal((await here.getProducts({ skus: [sku] })).items[0]!.name, 'second');
  });

  it('a process that can no longer hear of changes serves nothing old, and hears again by itself', async () => {
    const name = sql.id(new URL(database.url).pathname.slice(1));
    const letIn = (most: number) => sql`alter database ${name} connection limit ${sql.lit(most)}`.execute(owner);
    for (let round = 1; round <= 3; round += 1) {
      const sku = await create();
      await nameAt(there, sku);
      // Who hears again holds what it then reads: not before it was seen to hold nothing.
      await letIn(0);
      // Waits until the server has closed the connections.
      const { rows } = await sql<{ ended: boolean }>`
        select pg_terminate_backend(pid, 3000) as ended from pg_stat_activity
        where datname = current_database() and application_name = 'product changes'`.execute(owner);
      assert.deepEqual(rows, [{ ended: true }, { ended: true }]);
      await here.updateProduct({ sku, name: 'second' });
      assert.equal(await nameAt(there, sku), 'second');
      await changeUnheard(sku, 'third');
      assert.equal(await nameAt(there, sku), 'third');
      await letIn(-1);
      await eventually(() => caches(there));
      await eventually(() => caches(here));
    }
  });
});
