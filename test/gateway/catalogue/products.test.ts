import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { productOf, stockOf } from '../../stage/gateway-builders.ts';
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
    stock.set('tea', stockOf({ onHand: 10, reserved: 3 }));
    gateway.services.calls.length = 0;
  });
  const price = { amountMinor: 450, currency: 'GBP' };
  const tea = { sku: 'tea', name: 'Tea', description: '', price, sold: true, available: 7 };

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
    gateway.services.store.stock.set('tea', stockOf({ onHand: 10, reserved: 4 }));
    assert.equal((await gateway.call('GET /v1/products/tea', request)).status, 200);
    assert.equal((await gateway.call('GET /v1/products/none')).body.code, 'ProductNotFound');
  });

  it('lets an admin add a product', async () => {
    const body = { sku: 'pot', name: 'Pot', price: { amountMinor: 100, currency: 'GBP' } };
    const added = await gateway.call('POST /v1/products', { as: gateway.admin, body });
    assert.deepEqual([added.status, added.headers.get('location')], [201, '/v1/products/pot']);
    assert.match(added.headers.get('etag')!, /^"1-/);
    assert.deepEqual(added.body, { ...body, description: '', sold: true, available: 0 });
    const again = await gateway.call('POST /v1/products', { as: gateway.admin, body });
    assert.deepEqual([again.status, again.body.code], [409, 'SkuTaken']);
  });

  it('takes prices only in currencies that are in use, and shows those that were set before', async () => {
    for (const currency of ['ABC', 'XXX', 'DEM', 'gbp']) {
      const body = { price: { amountMinor: 100, currency } };
      const product = { sku: 'pot', name: 'Pot', ...body };
      const added = await gateway.call('POST /v1/products', { as: gateway.admin, body: product });
      const changed = await gateway.call('PATCH /v1/products/tea', { as: gateway.admin, body });
      for (const { status, body: problem } of [added, changed]) {
        assert.deepEqual([status, problem.errors[0]!.pointer], [400, '/price/currency'], currency);
      }
    }
    assert.deepEqual([...gateway.services.store.products.keys()], ['tea']);
    const oldPrice = { amountMinor: 100, currency: 'DEM' };
    gateway.services.store.products.set('old', productOf({ sku: 'old', price: oldPrice }));
    const read = await gateway.call('GET /v1/products/old');
    assert.deepEqual(read.body, { ...tea, sku: 'old', price: oldPrice, available: 0 });
    const named = await gateway.call('PATCH /v1/products/old', { as: gateway.admin, body: { name: 'Renamed' } });
    assert.deepEqual([named.status, named.body], [200, { ...read.body, name: 'Renamed' }]);
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

  it('changes a product if one of the ETags in the list is current', async () => {
    const patch = (...values: string[]) =>
      gateway.call('PATCH /v1/products/tea', {
        as: gateway.admin,
        body: { name: 'Green tea' },
        headers: { 'if-match': values.join(', ') },
      });
    const first = (await gateway.call('GET /v1/products/tea')).headers.get('etag')!;
    const second = (await patch(first)).headers.get('etag')!;
    const third = (await patch(first, second)).headers.get('etag')!;
    assert.ok(third);
    assert.equal((await patch('"other"', `W/${first}`, third)).status, 200);
    for (const lost of [[first, second], [`W/${first}`], ['"other"', '"one more"'], [first, '*'], ['"1,2"']]) {
      const { status, body } = await patch(...lost);
      assert.deepEqual([status, body.code], [412, 'PreconditionFailed'], lost.join(', '));
    }
    const current = (await gateway.call('GET /v1/products/tea')).headers.get('etag')!;
    for (const [list, status] of [
      [`${first}, ${current}`, 304],
      [`${first}, W/${current}`, 304],
      [`${first}, ${second}`, 200],
    ] as const) {
      const read = await gateway.call('GET /v1/products/tea', { headers: { 'if-none-match': list } });
      assert.equal(read.status, status, list);
    }
    const absent = { as: gateway.admin, body: { name: 'x' }, headers: { 'if-match': `${first}, ${second}` } };
    assert.equal((await gateway.call('PATCH /v1/products/none', absent)).status, 404);
  });

  describe('a product that is withdrawn from sale', () => {
    const patch = (body: object, headers = {}) =>
      gateway.call('PATCH /v1/products/tea', { as: gateway.admin, body, headers });

    it('is shown as not sold, is in no list, and can be put back', async () => {
      const withdrawn = await patch({ sold: false });
      assert.deepEqual([withdrawn.status, withdrawn.body], [200, { ...tea, sold: false, available: 0 }]);
      assert.deepEqual((await gateway.call('GET /v1/products/tea')).body, withdrawn.body);
      assert.deepEqual((await gateway.call('GET /v1/products')).body.items, []);
      const back = await patch({ sold: true });
      assert.deepEqual([back.status, back.body], [200, tea]);
      assert.deepEqual((await gateway.call('GET /v1/products')).body.items, [tea]);
    });

    it('has another ETag, which guards the withdrawal as any other change', async () => {
      const etag = (await gateway.call('GET /v1/products/tea')).headers.get('etag')!;
      const withdrawn = await patch({ sold: false }, { 'if-match': etag });
      assert.equal(withdrawn.status, 200);
      assert.notEqual(withdrawn.headers.get('etag'), etag);
      const lost = await patch({ sold: true }, { 'if-match': etag });
      assert.deepEqual([lost.status, lost.body.code], [412, 'PreconditionFailed']);
      assert.equal(gateway.services.store.products.get('tea')!.sold, false);
    });

    it('is available in no quantity, also while the inventory service is down', async () => {
      await patch({ sold: false });
      gateway.services.down.add('inventory');
      const { body } = await gateway.call('GET /v1/products/tea');
      gateway.services.down.clear();
      assert.equal(body.available, 0);
    });

    it('keeps its stock, which admins still count', async () => {
      await patch({ sold: false });
      const { body } = await gateway.call('GET /v1/products/tea/stock', { as: gateway.admin });
      assert.deepEqual(body, stockOf({ onHand: 10, reserved: 3 }));
    });

    it('is withdrawn by admins only, with a boolean', async () => {
      const body = { sold: false };
      assert.equal((await gateway.call('PATCH /v1/products/tea', { body })).status, 401);
      assert.equal((await gateway.call('PATCH /v1/products/tea', { as: gateway.customer, body })).status, 403);
      for (const sold of ['false', 0, null]) assert.equal((await patch({ sold })).status, 400);
      assert.equal(gateway.services.store.products.get('tea')!.sold, true);
    });
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
      assert.deepEqual([status, body], [201, stockOf({ onHand: 15, reserved: 3 })]);
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
