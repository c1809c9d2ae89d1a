import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { productOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('the catalogue at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  beforeEach(() => {
    const { products, stock } = gateway.services.store;
    products.clear();
    products.set('tea', productOf({}));
    stock.clear();
    stock.set('tea', { sku: 'tea', onHand: 10, reserved: 3, available: 7 });
    gateway.services.calls.length = 0;
  });
  const tea = { sku: 'tea', name: 'Tea', description: '', price: { amountMinor: 450, currency: 'GBP' }, available: 7 };

  it('lists products with their stock, which it reads once per page', async () => {
    gateway.services.store.products.set('cup', productOf({ sku: 'cup' }));
    const { status, headers, body } = await gateway.call('GET /v1/products?q=tea&limit=1');
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'public, max-age=5, stale-while-revalidate=10');
    assert.deepEqual(body, { items: [tea], next: '/v1/products?cursor=c-2&limit=1&q=tea' });
    assert.deepEqual(gateway.services.calls, ['products.listProducts', 'inventory.getStocks']);
    assert.equal((await gateway.call('GET /v1/products?cursor=bad')).body.code, 'BadCursor');
  });

  it('is served without stock levels while the inventory service is down or slow', async () => {
    gateway.services.down.add('inventory');
    const down = await gateway.call('GET /v1/products/tea');
    gateway.services.down.clear();
    gateway.services.before.set('inventory.getStocks', () => new Promise(() => undefined));
    const slow = await gateway.call('GET /v1/products');
    gateway.services.before.clear();
    assert.deepEqual([down.status, down.body.available], [200, null]);
    assert.deepEqual([slow.status, slow.body.items[0]!.available], [200, null]);
  });

  it('returns a product with an ETag that changes with its stock, and 304 while it is current', async () => {
    const first = await gateway.call('GET /v1/products/tea');
    const request = { headers: { 'if-none-match': first.headers.get('etag')! } };
    assert.equal((await gateway.call('GET /v1/products/tea', request)).status, 304);
    gateway.services.store.stock.set('tea', { sku: 'tea', onHand: 10, reserved: 4, available: 6 });
    assert.equal((await gateway.call('GET /v1/products/tea', request)).status, 200);
    assert.equal((await gateway.call('GET /v1/products/none')).body.code, 'ProductNotFound');
  });

  it('lets an admin add a product', async () => {
    const body = { sku: 'pot', name: 'Pot', price: { amountMinor: 100, currency: 'GBP' } };
    const added = await gateway.call('POST /v1/products', { as: gateway.admin, body });
    assert.deepEqual([added.status, added.headers.get('location')], [201, '/v1/products/pot']);
    assert.match(added.headers.get('etag')!, /^"1-/);
    assert.deepEqual(added.body, { ...body, description: '', available: 0 });
    const again = await gateway.call('POST /v1/products', { as: gateway.admin, body });
    assert.deepEqual([again.status, again.body.code], [409, 'SkuTaken']);
  });

  it('changes a product only with its current ETag, and returns 412 otherwise', async () => {
    const patch = (ifMatch: string) =>
      gateway.call('PATCH /v1/products/tea', {
        as: gateway.admin,
        body: { name: 'Green tea' },
        headers: { 'if-match': ifMatch },
      });
    const etag = (await gateway.call('GET /v1/products/tea')).headers.get('etag')!;
    const changed = await patch(etag);
    assert.deepEqual([changed.status, changed.body.name], [200, 'Green tea']);
    assert.equal((await patch(changed.headers.get('etag')!)).status, 200);
    assert.equal((await patch('*')).status, 200);
    for (const lost of [etag, `W/${etag}`, '"other"', 'nonsense']) {
      const { status, body } = await patch(lost);
      assert.deepEqual([status, body.code], [412, 'PreconditionFailed'], lost);
    }
    const nothing = await gateway.call('PATCH /v1/products/tea', { as: gateway.admin, body: {} });
    assert.equal(nothing.status, 400);
  });

  describe('stock adjustments', () => {
    const adjust = (sku: string, request: Request = {}) =>
      gateway.call(`POST /v1/products/${sku}/stock-adjustments`, {
        as: gateway.admin,
        key: randomUUID(),
        body: { delta: 5, reason: 'delivery' },
        ...request,
      });

    it('return 201 with the new stock, which can then be read', async () => {
      const { status, body } = await adjust('tea');
      assert.deepEqual([status, body], [201, { sku: 'tea', onHand: 15, reserved: 3, available: 12 }]);
      const read = await gateway.call('GET /v1/products/tea/stock', { as: gateway.admin });
      assert.deepEqual(read.body, body);
      assert.equal(gateway.services.store.adjustments.at(-1)!.adjustedBy, gateway.admin.id);
    });

    it('happen once per key, even if the gateway’s own record is lost', async () => {
      const key = randomUUID();
      const first = await adjust('tea', { key });
      const second = await adjust('tea', { key });
      assert.deepEqual([second.body, second.headers.get('idempotent-replayed')], [first.body, 'true']);
      await gateway.db.deleteFrom('idempotency_records').execute();
      await adjust('tea', { key });
      assert.equal(gateway.services.store.stock.get('tea')!.onHand, 15);
    });

    it('are refused below the reserved stock, and for unknown products', async () => {
      const low = await adjust('tea', { body: { delta: -8, reason: 'lost' } });
      assert.deepEqual([low.status, low.body.code], [409, 'InsufficientStock']);
      for (const sku of ['none', 'not%20a%20sku']) {
        const { status, body } = await adjust(sku);
        assert.deepEqual([status, body.code], [404, 'ProductNotFound']);
      }
      assert.equal((await gateway.call('GET /v1/products/none/stock', { as: gateway.admin })).status, 404);
    });
  });
});
