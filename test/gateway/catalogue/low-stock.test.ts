import assert from 'node:assert/strict';
import { productOf, stockOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('low stock at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  beforeEach(() => {
    const { products, stock, listed } = gateway.services.store;
    products.clear();
    products.set('tea', productOf({}));
    stock.clear();
    stock.set('tea', stockOf({ onHand: 10, reserved: 3 }));
    gateway.services.calls.length = 0;
    listed.length = 0;
  });

  const patch = (body: object, headers = {}, sku = 'tea') =>
    gateway.call(`PATCH /v1/products/${sku}`, { as: gateway.admin, body, headers });
  const threshold = () => gateway.services.store.stock.get('tea')!.lowStockAt;

  describe('the threshold of a product', () => {
    it('is changed and removed by one call to the inventory service, and leaves the product as it is', async () => {
      const before = (await gateway.call('GET /v1/products/tea')).headers.get('etag');
      gateway.services.calls.length = 0;
      const changed = await patch({ lowStockAt: 7 });
      assert.deepEqual([changed.status, changed.body.available, threshold()], [200, 7, 7]);
      assert.equal(changed.headers.get('etag'), before);
      assert.deepEqual(gateway.services.calls, ['products.getProduct', 'inventory.setLowStock']);
      const { body } = await gateway.call('GET /v1/products/tea/stock', { as: gateway.admin });
      assert.deepEqual(body, stockOf({ onHand: 10, reserved: 3, lowStockAt: 7 }));
      assert.equal((await patch({ lowStockAt: null })).status, 200);
      assert.equal(threshold(), null);
    });

    it('is a whole number of pieces', async () => {
      for (const lowStockAt of [-1, 1.5, '7', 1_000_000_001, true]) {
        assert.equal((await patch({ lowStockAt })).status, 400, String(lowStockAt));
      }
      assert.equal((await patch({ lowStockAt: 0 })).status, 200);
      assert.equal(threshold(), 0);
    });

    it('is not changed together with other fields, so that no PATCH is done in part', async () => {
      const { status, body } = await patch({ lowStockAt: 7, sold: false });
      assert.deepEqual([status, body.code], [400, 'InvalidRequest']);
      assert.deepEqual(body.errors, [{ pointer: '/lowStockAt', detail: 'must be changed without other fields' }]);
      assert.equal(threshold(), null);
      assert.equal(gateway.services.store.products.get('tea')!.sold, true);
    });

    it('is changed only of a product that exists, in the version of If-Match', async () => {
      const none = await patch({ lowStockAt: 7 }, {}, 'none');
      assert.deepEqual([none.status, none.body.code], [404, 'ProductNotFound']);
      const etag = (await gateway.call('GET /v1/products/tea')).headers.get('etag')!;
      assert.equal((await patch({ lowStockAt: 6 }, { 'if-match': etag })).status, 200);
      await patch({ name: 'Green tea' });
      const lost = await patch({ lowStockAt: 7 }, { 'if-match': etag });
      assert.deepEqual([lost.status, lost.body.code, threshold()], [412, 'PreconditionFailed', 6]);
      assert.ok(!gateway.services.store.stock.has('none'));
    });

    it('is a 503 while the inventory service is down', async () => {
      gateway.services.down.add('inventory');
      const { status } = await patch({ lowStockAt: 7 });
      gateway.services.down.clear();
      assert.equal(status, 503);
    });
  });

  describe('the list of stock', () => {
    const list = (query = '', as = gateway.admin) => gateway.call(`GET /v1/admin/stock${query}`, { as });

    it('asks for what is low, for what is not, or for all', async () => {
      for (const [query, low] of [
        ['?low=true', true],
        ['?low=false', false],
        ['', undefined],
      ] as const) {
        const { status, body } = await list(query);
        assert.deepEqual([status, body], [200, { items: [stockOf({ onHand: 10, reserved: 3 })], next: null }]);
        assert.deepEqual(gateway.services.store.listed.pop(), { low, after: undefined, limit: 20 });
      }
      assert.equal((await list('?low=yes')).status, 400);
      assert.equal((await list('?cursor=bad')).body.code, 'BadCursor');
    });

    it('keeps the filter on the next page', async () => {
      gateway.services.store.stock.set('mug', stockOf({ sku: 'mug' }));
      const { body } = await list('?low=true&limit=1');
      assert.equal(body.next, '/v1/admin/stock?cursor=c-2&limit=1&low=true');
    });

    it('is for staff only', async () => {
      assert.equal((await list('', gateway.customer)).status, 403);
    });
  });
});
