import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../../platform/http/route.ts';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';
import { isAllowedTo, isForStaff } from '../../system/roles.ts';
import { protectedOperations } from '../openapi/operations.ts';

const ROLES = ['viewer', 'support', 'fulfilment', 'admin'] as const;

describe('staff at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const withRole = (role: Caller['role']): Caller => ({ id: randomUUID(), role });
  /** Without a valid body or object: an allowed caller gets another 4xx. */
  const statusOf = async (method: string, path: string, as: Caller) => {
    const content = method === 'GET' ? {} : { body: {}, key: randomUUID() };
    return (await gateway.call(`${method} ${path}`, { as, ...content })).status;
  };

  for (const role of ['customer', ...ROLES] as const) {
    it(`with the role ${role} may call exactly what the role includes`, async () => {
      const caller = withRole(role);
      for (const { operationId, method, path } of await protectedOperations(gateway)) {
        if (!isForStaff(operationId)) continue;
        const allowed = role !== 'customer' && isAllowedTo(role, operationId);
        assert.equal((await statusOf(method, path, caller)) !== 403, allowed, operationId);
      }
    });
  }

  it('read everybody’s orders, and change them only with the role for it', async () => {
    const order = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(order.id, order);
    for (const role of ROLES) {
      const as = withRole(role);
      for (const path of ['', '/history', '/returns']) {
        assert.equal((await gateway.call(`GET /v1/orders/${order.id}${path}`, { as })).status, 200, `${role} ${path}`);
      }
      const request = { as, key: randomUUID(), body: { lines: [{ sku: 'tea', quantity: 1 }], reason: 'broken' } };
      const { status } = await gateway.call(`POST /v1/orders/${order.id}/returns`, request);
      assert.equal(status !== 404, role === 'support' || role === 'admin', role);
    }
    assert.equal((await gateway.call(`GET /v1/orders/${order.id}`, { as: gateway.other })).status, 404);
  });

  it('list the orders of everybody, and customers their own', async () => {
    const listedFor = async (as: Caller) => {
      assert.equal((await gateway.call('GET /v1/orders', { as })).status, 200);
      return gateway.services.store.listed.at(-1) as { customerId?: string };
    };
    assert.equal((await listedFor(withRole('viewer'))).customerId, undefined);
    assert.equal((await listedFor(gateway.customer)).customerId, gateway.customer.id);
  });

  it('are told which roles an operation needs', async () => {
    const { status, body } = await gateway.call('GET /v1/products/tea/stock', { as: withRole('support') });
    assert.deepEqual([status, body.code], [403, 'Forbidden']);
    assert.match(body.detail, /fulfilment or admin/);
    const { paths } = JSON.parse((await gateway.call('GET /openapi.json')).text) as {
      paths: Record<string, Record<string, { description?: string }>>;
    };
    assert.equal(
      paths['/v1/products/{sku}/stock']!.get!.description,
      'For staff with the role `fulfilment` or `admin`.',
    );
    assert.equal(paths['/v1/admin/clients']!.get!.description, 'For staff with the role `admin`.');
    assert.match(paths['/v1/orders/{orderId}/cancel']!.post!.description!, /everybody’s orders.*`support` or `admin`/);
    assert.equal(paths['/v1/cart']!.get!.description, 'Also for guests.');
    assert.equal(paths['/v1/users/me']!.get!.description, undefined);
  });
});
