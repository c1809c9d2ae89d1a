import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('notes about orders at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const store = () => {
    const order = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(order.id, order);
    return order.id;
  };
  const write = (orderId: string, text: unknown, key: string = randomUUID(), as = gateway.admin) =>
    gateway.call(`POST /v1/admin/orders/${orderId}/notes`, { as, key, body: { text } });
  const read = (orderId: string, query = '', as = gateway.admin) =>
    gateway.call(`GET /v1/admin/orders/${orderId}/notes${query}`, { as });

  it('say who wrote what and when', async () => {
    const orderId = store();
    gateway.services.store.contacts.set(gateway.admin.id, { email: 'grace@example.com', name: 'Grace Hopper' });
    const { status, body } = await write(orderId, 'called');
    assert.equal(status, 201);
    const { author, text, createdAt } = body as unknown as Record<string, unknown>;
    assert.deepEqual([author, text], [{ id: gateway.admin.id, name: 'Grace Hopper' }, 'called']);
    assert.match(String(createdAt), /Z$/);
    await write(orderId, 'called again');
    const first = await read(orderId, '?limit=1');
    assert.deepEqual(first.body.items, [body]);
    const rest = await gateway.call(`GET ${first.body.next}`, { as: gateway.admin });
    assert.deepEqual([rest.body.items.length, rest.body.next], [1, null]);
  });

  it('are written once per Idempotency-Key, and need one', async () => {
    const [orderId, key] = [store(), randomUUID()];
    const [first, again] = [await write(orderId, 'once', key), await write(orderId, 'once', key)];
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal((await read(orderId)).body.items.length, 1);
    assert.deepEqual((await write(orderId, 'other', key)).status, 422);
    const request = { as: gateway.admin, body: { text: 'no key' } };
    assert.equal((await gateway.call(`POST /v1/admin/orders/${orderId}/notes`, request)).status, 428);
  });

  it('have a text that can be read', async () => {
    const orderId = store();
    for (const text of ['', '  ', '\u200b', 'x'.repeat(4001), 7, undefined]) {
      assert.equal((await write(orderId, text)).status, 400, String(text));
    }
    assert.equal((await write(orderId, 'x'.repeat(4000))).status, 201);
  });

  it('are for staff only, and belong to an order', async () => {
    const orderId = store();
    assert.equal((await write(orderId, 'mine', randomUUID(), gateway.customer)).status, 403);
    assert.equal((await read(orderId, '', gateway.customer)).status, 403);
    for (const missing of [randomUUID(), 'nonsense']) {
      for (const { status, body } of [await write(missing, 'lost'), await read(missing)]) {
        assert.deepEqual([status, body.code], [404, 'OrderNotFound']);
      }
    }
  });
});
