import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('refunds at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
  const storeOrder = () => {
    const order = orderOf({ status: 'confirmed', paymentStatus: 'captured' });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const ask = (orderId: string, body: object, request: Request = {}) =>
    gateway.call(`POST /v1/admin/orders/${orderId}/refunds`, {
      as: gateway.admin,
      key: randomUUID(),
      body: { reason: 'goodwill', ...body },
      ...request,
    });

  it('are requested for an amount or for lines, in the name of the caller, and listed', async () => {
    const { id } = storeOrder();
    const { status, headers, body } = await ask(id, { amount: pounds(500), note: 'late parcel' });
    assert.deepEqual([status, headers.get('location')], [202, `/v1/admin/orders/${id}/refunds`]);
    assert.partialDeepStrictEqual(body, {
      orderId: id,
      status: 'requested',
      amount: pounds(500),
      note: 'late parcel',
      requestedBy: gateway.admin.id,
    });
    assert.ok(!('lines' in body));
    const lines = await ask(id, { lines: [1, 2].map((quantity) => ({ sku: 'tea', quantity })), reason: 'damaged' });
    assert.deepEqual(lines.body.lines, [{ sku: 'tea', quantity: 3 }]);
    const list = await gateway.call(`GET /v1/admin/orders/${id}/refunds`, { as: gateway.admin });
    assert.deepEqual(list.body.items, [body, lines.body]);
  });

  it('are one refund however often the request is repeated', async () => {
    const { id } = storeOrder();
    const key = randomUUID();
    const first = await ask(id, { amount: pounds(500) }, { key });
    const again = await ask(id, { amount: pounds(500) }, { key });
    assert.equal(again.body.id, first.body.id);
    const path = `POST /v1/admin/orders/${id}/refunds`;
    const without = await gateway.call(path, { as: gateway.admin, body: { amount: pounds(500), reason: 'other' } });
    assert.equal(without.body.code, 'IdempotencyKeyRequired');
  });

  it('are limited for support, and for admins only by what is left', async () => {
    const { id } = storeOrder();
    const support = { as: { id: randomUUID(), role: 'support' as const } };
    assert.equal((await ask(id, { amount: pounds(200) }, support)).status, 202);
    const { status, body } = await ask(id, { amount: pounds(201) }, support);
    assert.deepEqual([status, body.code], [403, 'RefundAboveLimit']);
    assert.equal((await ask(id, { amount: pounds(201) })).status, 202);
  });

  it('are refused above what is left, of an unknown order, and to customers', async () => {
    const { id } = storeOrder();
    const tooLarge = await ask(id, { amount: pounds(901) });
    assert.deepEqual([tooLarge.status, tooLarge.body.code], [409, 'RefundTooLarge']);
    for (const orderId of [randomUUID(), 'none']) {
      assert.equal((await ask(orderId, { amount: pounds(1) })).body.code, 'OrderNotFound');
    }
    assert.equal((await ask(id, { amount: pounds(1) }, { as: gateway.customer })).status, 403);
  });

  it('need an amount or lines, not both and not nothing, and a known reason', async () => {
    const { id } = storeOrder();
    for (const [body, pointer] of [
      [{}, '/amount'],
      [{ amount: pounds(0) }, '/amount/amountMinor'],
      [{ amount: pounds(1), lines: [{ sku: 'tea', quantity: 1 }] }, '/amount'],
      [{ lines: [] }, '/lines'],
      [{ amount: pounds(1), reason: 'because' }, '/reason'],
      [{ amount: { amountMinor: 1, currency: 'EUR' } }, '/amount/currency'],
    ] as const) {
      const { status, body: problem } = await ask(id, body);
      assert.deepEqual([status, problem.code], [400, 'InvalidRequest'], JSON.stringify(body));
      assert.deepEqual(
        problem.errors.map((error) => error.pointer),
        [pointer],
      );
    }
  });
});
