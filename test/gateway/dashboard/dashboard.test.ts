import assert from 'node:assert/strict';
import { orderOf, productOf, stockOf } from '../../stage/gateway-builders.ts';
import { type Answer, type Harness, startHarness } from '../../stage/test-gateway.ts';

interface Dashboard {
  user: object;
  recentOrders: { id: string }[];
  recommendations: { sku: string; available: number }[];
}

describe('recommendations and the dashboard', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
    const { store } = gateway.services;
    for (const sku of ['mug', 'pot', 'gone']) store.products.set(sku, productOf({ sku }));
    for (const sku of ['tea', 'mug', 'unknown']) store.stock.set(sku, stockOf({ sku, onHand: 5, reserved: 1 }));
    store.stock.set('pot', stockOf({ sku: 'pot', onHand: 5, reserved: 5 }));
    store.recommended.push('unknown', 'pot', 'mug', 'gone', 'tea');
    const { id } = gateway.customer;
    store.users.set(id, {
      id,
      email: 'ada@example.com',
      name: 'Ada',
      password: 'secret',
      role: 'customer',
      shippingAddress: null,
      emailVerified: false,
      active: true,
      version: 1,
      createdAt: '2026-01-05T09:00:00.000Z',
    });
    for (let count = 0; count < 7; count += 1) {
      const order = orderOf({ customerId: count < 6 ? id : gateway.other.id });
      store.orders.set(order.id, order);
    }
  });
  afterEach(() => gateway.close());

  const skus = ({ body }: Answer) => body.items.map(({ sku }) => sku);
  const dashboard = async () => {
    const { status, body } = await gateway.call('GET /v1/dashboard', { as: gateway.customer });
    assert.equal(status, 200);
    return body as unknown as Dashboard;
  };
  const UNAVAILABLE = { unavailable: true };

  describe('GET /v1/products/{sku}/recommendations', () => {
    it('shows everybody only available products, best first, as the catalogue shows them', async () => {
      const answer = await gateway.call('GET /v1/products/tea/recommendations');
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body.items, [
        {
          sku: 'mug',
          name: 'Tea',
          description: '',
          price: { amountMinor: 450, currency: 'GBP' },
          sold: true,
          available: 4,
        },
      ]);
    });

    it('shows no product that was withdrawn from sale, but still what goes with one', async () => {
      const { store } = gateway.services;
      store.products.set('mug', productOf({ sku: 'mug', sold: false }));
      assert.deepEqual(skus(await gateway.call('GET /v1/products/tea/recommendations')), []);
      assert.deepEqual(skus(await gateway.call('GET /v1/products/mug/recommendations')), ['tea']);
      assert.deepEqual(skus(await gateway.call('GET /v1/recommendations', { as: gateway.customer })), ['tea']);
    });

    it('shows at most ten products', async () => {
      const { store } = gateway.services;
      for (let count = 0; count < 30; count += 1) {
        const sku = `s${count}`;
        store.products.set(sku, productOf({ sku }));
        store.stock.set(sku, stockOf({ sku, onHand: 1, reserved: count % 2 }));
        store.recommended.push(sku);
      }
      const shown = skus(await gateway.call('GET /v1/products/tea/recommendations'));
      assert.deepEqual(shown, ['mug', 's0', 's2', 's4', 's6', 's8', 's10', 's12', 's14', 's16']);
    });

    it('returns 404 for an unknown product, and 503 without stock levels or recommendations', async () => {
      const { body } = await gateway.call('GET /v1/products/none/recommendations');
      assert.deepEqual([body.status, body.code], [404, 'ProductNotFound']);
      for (const service of ['inventory', 'recommendations'] as const) {
        gateway.services.down.add(service);
        assert.equal((await gateway.call('GET /v1/products/tea/recommendations')).status, 503);
        gateway.services.down.delete(service);
      }
    });
  });

  describe('GET /v1/recommendations', () => {
    it('needs an access token', async () => {
      assert.deepEqual(skus(await gateway.call('GET /v1/recommendations', { as: gateway.customer })), ['mug', 'tea']);
      assert.equal((await gateway.call('GET /v1/recommendations')).status, 401);
    });
  });

  describe('GET /v1/dashboard', () => {
    it('shows the user, their five latest orders and recommendations', async () => {
      const { user, recentOrders, recommendations } = await dashboard();
      assert.partialDeepStrictEqual(user, { id: gateway.customer.id, name: 'Ada', role: 'customer' });
      assert.ok(!('password' in user) && !('version' in user));
      const { orders } = gateway.services.store;
      assert.equal(recentOrders.length, 5);
      for (const { id } of recentOrders) assert.equal(orders.get(id)!.customerId, gateway.customer.id);
      assert.deepEqual(
        recommendations.map(({ sku }) => sku),
        ['mug', 'tea'],
      );
    });

    it('marks each unavailable part and shows the others', async () => {
      const whole = await dashboard();
      const parts = { users: 'user', orders: 'recentOrders', recommendations: 'recommendations' } as const;
      for (const [service, part] of Object.entries(parts)) {
        gateway.services.down.add(service as keyof typeof parts);
        assert.deepEqual(await dashboard(), { ...whole, [part]: UNAVAILABLE });
        gateway.services.down.delete(service as keyof typeof parts);
      }
      for (const service of ['users', 'orders', 'inventory'] as const) gateway.services.down.add(service);
      assert.deepEqual(await dashboard(), {
        user: UNAVAILABLE,
        recentOrders: UNAVAILABLE,
        recommendations: UNAVAILABLE,
      });
    });

    it('waits for no part longer than its timeout', async () => {
      const whole = await dashboard();
      const held = Promise.withResolvers<void>();
      for (const [operation, part] of [
        ['users.getUser', 'user'],
        ['orders.listOrders', 'recentOrders'],
        ['inventory.getStocks', 'recommendations'],
      ] as const) {
        gateway.services.before.set(operation, () => held.promise);
        assert.deepEqual(await dashboard(), { ...whole, [part]: UNAVAILABLE });
        gateway.services.before.delete(operation);
      }
      held.resolve();
    });

    it('shows callers their own data only, and nothing without a token', async () => {
      assert.equal((await gateway.call('GET /v1/dashboard')).status, 401);
      const { body } = await gateway.call('GET /v1/dashboard', { as: gateway.other });
      assert.equal((body as unknown as Dashboard).recentOrders.length, 1);
    });
  });
});
