import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import winston from 'winston';
import { feedRequests } from '../../../platform/contract/event.ts';
import { productRequests } from '../../../activities/product.ts';
import { createCatalogueCache } from '../../../gateway/catalogue/cache.ts';
import { followCatalogue } from '../../../gateway/catalogue/follow-changes.ts';
import { createClient } from '../../../platform/http/client.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { product } from '../../../services/product/service.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';
import { stockOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const TOKEN = 'a service token of more than thirty-two characters';
const logger = winston.createLogger({ silent: true });

/** A gateway that follows the changes of the real product service. */
interface FollowingGateway {
  gateway: Harness;
  registry: Registry;
  stop(): Promise<void>;
}

describe('the catalogue’s cache', function () {
  this.timeout(60_000);
  let database: FreshDatabase<unknown>;
  let port: number;
  let service: { url: string; close(): Promise<void> };
  let one: FollowingGateway;
  let other: FollowingGateway;

  const startService = async () => {
    service = await product.start({
      PRODUCT_DATABASE_URL: database.url,
      PRODUCT_PORT: String(port),
      SERVICE_TOKEN: TOKEN,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      LOG_LEVEL: 'error',
    });
  };
  async function startFollowing(): Promise<FollowingGateway> {
    const address = { service: 'product', urls: [`http://127.0.0.1:${port}`], token: TOKEN };
    const registry = new Registry();
    const products = createClient(address, 'requests', productRequests);
    const catalogue = createCatalogueCache(products, registry);
    const following = followCatalogue(createClient(address, 'events', feedRequests), catalogue, logger);
    const gateway = await startHarness({ products, catalogue });
    const stop = async () => {
      await following.close();
      await gateway.close();
    };
    return { gateway, registry, stop };
  }
  const hits = async ({ registry }: FollowingGateway) => {
    const { values } = await registry.getSingleMetric('catalogue_cache_reads_total')!.get();
    return values.filter(({ labels }) => labels.outcome === 'hit').reduce((sum, { value }) => sum + value, 0);
  };
  const read = async ({ gateway }: FollowingGateway, path = '/v1/products/tea') =>
    (await gateway.call(`GET ${path}`)).body;
  const change = (name: string) =>
    one.gateway.call('PATCH /v1/products/tea', { as: one.gateway.admin, body: { name } });
  /** Reads until a response comes from the cache: from then on every change must be received. */
  const untilCached = (one: FollowingGateway, path?: string) =>
    eventually(async () => {
      const before = await hits(one);
      await read(one, path);
      assert.ok((await hits(one)) > before);
    }, 30_000);

  before(async () => {
    database = await freshDatabase('product');
    ({ port } = await freePorts('port'));
    await startService();
    [one, other] = [await startFollowing(), await startFollowing()];
    const body = { sku: 'tea', name: 'Tea', price: { amountMinor: 450, currency: 'GBP' } };
    assert.equal((await one.gateway.call('POST /v1/products', { as: one.gateway.admin, body })).status, 201);
  });
  after(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await service.close();
    await database.drop();
  });

  it('is fresh at another gateway within a second, for pages, searches and single products', async () => {
    const paths = ['/v1/products/tea', '/v1/products', '/v1/products?q=blend'];
    for (const path of paths) await untilCached(other, path);
    assert.equal((await change('Afternoon blend')).status, 200);
    const changedAt = Date.now();
    const nameOf = async (path: string) => {
      const body = await read(other, path);
      return (body.items ? body.items[0]?.name : body.name) ?? 'none';
    };
    await eventually(async () => {
      for (const path of paths) assert.equal(await nameOf(path), 'Afternoon blend');
    }, 1_000);
    assert.ok(Date.now() - changedAt < 2_000);
    for (const path of paths) await untilCached(other, path);
  });

  it('shows a change at once on the gateway that made it', async () => {
    await untilCached(one);
    await change('Morning blend');
    assert.equal((await read(one)).name, 'Morning blend');
  });

  it('drops a product that another gateway withdraws from sale from pages within a second', async () => {
    const setSold = (sold: boolean) =>
      one.gateway.call('PATCH /v1/products/tea', { as: one.gateway.admin, body: { sold } });
    for (const path of ['/v1/products/tea', '/v1/products']) await untilCached(other, path);
    for (const [sold, items] of [
      [false, 0],
      [true, 1],
    ] as const) {
      assert.equal((await setSold(sold)).status, 200);
      await eventually(async () => {
        assert.equal((await read(other)).sold, sold);
        assert.equal((await read(other, '/v1/products')).items.length, items);
      }, 1_000);
    }
  });

  it('does not cache stock levels', async () => {
    await untilCached(one);
    for (const available of [5, 4]) {
      one.gateway.services.store.stock.set('tea', stockOf({ onHand: 5, reserved: 5 - available }));
      assert.equal((await read(one)).available, available);
    }
  });

  it('is empty while changes cannot be received, and is used again afterwards', async () => {
    await untilCached(other);
    await service.close();
    await eventually(async () => {
      const { status } = await other.gateway.call('GET /v1/products/tea');
      assert.equal(status, 503);
    }, 30_000);
    // A change that no gateway receives.
    await database.db
      .updateTable('products' as never)
      .set({ name: 'Evening blend' } as never)
      .execute();
    await startService();
    await eventually(async () => assert.equal((await read(other)).name, 'Evening blend'), 30_000);
    await untilCached(other);
  });

  it('may be shared by proxies, except for responses to requests with a token', async () => {
    const cacheControl = async (as?: Harness['customer']) =>
      (await one.gateway.call('GET /v1/products/tea', as ? { as } : {})).headers.get('cache-control');
    assert.equal(await cacheControl(), 'public, max-age=5, stale-while-revalidate=10');
    assert.equal(await cacheControl(one.gateway.customer), 'private, max-age=5, stale-while-revalidate=10');
    const orders = await one.gateway.call('GET /v1/orders', { as: one.gateway.customer });
    assert.equal(orders.headers.get('cache-control'), 'no-store');
    assert.equal((await one.gateway.call('GET /v1/products/none')).headers.get('cache-control'), 'no-store');
  });
});
