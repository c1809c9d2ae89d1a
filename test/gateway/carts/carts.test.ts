import assert from 'node:assert/strict';
import { productOf, stockOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('the cart at the gateway', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
    const { products, stock } = gateway.services.store;
    products.set('mug', productOf({ sku: 'mug', name: 'Mug', price: { amountMinor: 1_250, currency: 'GBP' } }));
    stock.set('tea', stockOf({ onHand: 10, reserved: 3 }));
  });
  afterEach(() => gateway.close());

  const call = (what: string, request: Request = {}) => gateway.call(what, { as: gateway.customer, ...request });
  const put = (sku: string, quantity: unknown, request: Request = {}) =>
    call(`PUT /v1/cart/lines/${sku}`, { body: { quantity }, ...request });
  const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

  it('is empty at first, and priced whenever it is read', async () => {
    assert.deepEqual((await call('GET /v1/cart')).body, { lines: [], total: null });
    await put('tea', 2);
    const { status, body, headers } = await put('mug', 1);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(body, {
      lines: [
        {
          sku: 'tea',
          quantity: 2,
          sold: true,
          name: 'Tea',
          unitPrice: pounds(450),
          total: pounds(900),
          available: 7,
        },
        {
          sku: 'mug',
          quantity: 1,
          sold: true,
          name: 'Mug',
          unitPrice: pounds(1_250),
          total: pounds(1_250),
          available: 0,
        },
      ],
      total: pounds(2_150),
    });
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', price: pounds(1) }));
    assert.deepEqual((await call('GET /v1/cart')).body.total, pounds(901));
  });

  it('marks products that are no longer sold, and totals the others', async () => {
    await put('tea', 2);
    await put('mug', 1);
    gateway.services.store.products.delete('mug');
    const { body } = await call('GET /v1/cart');
    assert.deepEqual(body.lines[1], { sku: 'mug', quantity: 1, sold: false, total: null, available: 0 });
    assert.deepEqual(body.total, pounds(900));
  });

  it('shows a product that was withdrawn from sale as not sold, without a price, and totals the others', async () => {
    await put('tea', 2);
    await put('mug', 1);
    gateway.services.store.products.set('tea', productOf({ sold: false }));
    const { body } = await call('GET /v1/cart');
    assert.deepEqual(body.lines[0], { sku: 'tea', quantity: 2, sold: false, name: 'Tea', total: null, available: 0 });
    assert.deepEqual(body.total, pounds(1_250));
  });

  it('takes no product that was withdrawn from sale, and lets go of one', async () => {
    await put('tea', 2);
    gateway.services.store.products.set('tea', productOf({ sold: false }));
    const { status, body } = await put('tea', 3);
    assert.deepEqual([status, body.code], [409, 'ProductWithdrawn']);
    assert.match(body.detail, /tea/);
    assert.equal((await call('GET /v1/cart')).body.lines.length, 1);
    assert.equal((await call('DELETE /v1/cart/lines/tea')).status, 204);
    assert.deepEqual((await call('GET /v1/cart')).body.lines, []);
    gateway.services.store.products.set('tea', productOf({}));
    assert.equal((await put('tea', 3)).status, 200);
  });

  it('has no total for several currencies, or above the maximum of an order', async () => {
    await put('tea', 2);
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', price: { amountMinor: 1, currency: 'EUR' } }));
    assert.equal((await put('mug', 1)).body.total, null);
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', price: pounds(100_000_000) }));
    const { body } = await put('mug', 100_000);
    assert.deepEqual([(body.lines[1] as { total: unknown }).total, body.total], [null, null]);
    assert.equal((await put('mug', 5_000)).body.total instanceof Object, true);
    gateway.services.store.products.set('tea', productOf({ price: pounds(100_000_000) }));
    assert.equal((await put('tea', 5_000)).body.total, null);
  });

  it('is shown without stock levels, but not without prices', async () => {
    await put('tea', 2);
    gateway.services.down.add('inventory');
    assert.equal((await call('GET /v1/cart')).body.lines.length, 1);
    gateway.services.down.add('products');
    assert.equal((await call('GET /v1/cart')).status, 503);
    assert.equal((await call('DELETE /v1/cart/lines/tea')).status, 204);
  });

  it('accepts only known products, in quantities that can be ordered', async () => {
    assert.deepEqual([(await put('pot', 1)).status, (await put('pot', 1)).body.code], [404, 'ProductNotFound']);
    for (const quantity of [0, -1, 1.5, 100_001, '2', null, undefined]) {
      const { status, body } = await put('tea', quantity);
      assert.deepEqual([status, body.code], [400, 'InvalidRequest'], String(quantity));
    }
    assert.equal((await put('tea', 1, { body: { quantity: 1, price: 1 } })).status, 400);
    for (const sku of ['no%00sku', '..', 'a%2Fb', 'x'.repeat(65)]) {
      assert.equal((await put(sku, 1)).status === 400 || sku === '..', true, sku);
      assert.notEqual((await call(`DELETE /v1/cart/lines/${sku}`)).status, 500, sku);
    }
    assert.deepEqual((await call('GET /v1/cart')).body.lines, []);
    assert.equal((await put('tea', 100_000)).status, 200);
  });

  it('can lose one or all lines, and a repeat succeeds', async () => {
    await put('tea', 2);
    await put('mug', 1);
    for (let repeat = 0; repeat < 2; repeat += 1) assert.equal((await call('DELETE /v1/cart/lines/mug')).status, 204);
    assert.equal((await call('GET /v1/cart')).body.lines.length, 1);
    for (let repeat = 0; repeat < 2; repeat += 1) assert.equal((await call('DELETE /v1/cart')).status, 204);
    assert.deepEqual((await call('GET /v1/cart')).body.lines, []);
  });

  it('belongs to its owner only', async () => {
    await put('tea', 2);
    for (const as of [gateway.other, gateway.admin]) {
      assert.deepEqual((await call('GET /v1/cart', { as })).body.lines, []);
      await call('DELETE /v1/cart', { as });
    }
    assert.equal((await call('GET /v1/cart')).body.lines.length, 1);
    for (const what of ['GET /v1/cart', 'PUT /v1/cart/lines/tea', 'DELETE /v1/cart/lines/tea', 'DELETE /v1/cart']) {
      assert.equal((await gateway.call(what)).status, 401, what);
    }
  });

  it('has an ETag: 304 while it is current, 412 for a change based on an older cart', async () => {
    const first = (await put('tea', 2)).headers.get('etag')!;
    const read = await call('GET /v1/cart');
    assert.equal(read.headers.get('etag'), first);
    const second = (await put('tea', 3, { headers: { 'if-match': first } })).headers.get('etag')!;
    assert.notEqual(second, first);
    for (const what of ['PUT /v1/cart/lines/tea', 'DELETE /v1/cart/lines/tea', 'DELETE /v1/cart']) {
      const body = what.startsWith('PUT') ? { body: { quantity: 9 } } : {};
      const { status, body: problem } = await call(what, { ...body, headers: { 'if-match': first } });
      assert.deepEqual([status, problem.code], [412, 'PreconditionFailed'], what);
    }
    assert.equal((await call('GET /v1/cart', { headers: { 'if-none-match': second } })).status, 304);
  });

  it('can be changed with a list of ETags that has the current one', async () => {
    for (const what of ['PUT /v1/cart/lines/tea', 'DELETE /v1/cart/lines/tea', 'DELETE /v1/cart']) {
      const older = (await put('tea', 2)).headers.get('etag')!;
      const old = (await put('tea', 3)).headers.get('etag')!;
      const body = what.startsWith('PUT') ? { body: { quantity: 9 } } : {};
      const current = (await put('tea', 4)).headers.get('etag')!;
      const statusWith = async (list: string) => (await call(what, { ...body, headers: { 'if-match': list } })).status;
      assert.equal(await statusWith(`${older}, ${old}`), 412, what);
      assert.ok((await statusWith(`${old}, ${current}`)) < 300, what);
    }
  });

  it('returns 409 when it is full', async () => {
    const lines = Array.from({ length: 2_000 }, (_, index) => ({ sku: `s${index}`, quantity: 1 }));
    gateway.services.store.carts.set(gateway.customer.id, { lines, version: 1 });
    const { status, body } = await put('tea', 1);
    assert.deepEqual([status, body.code], [409, 'CartFull']);
  });
});
