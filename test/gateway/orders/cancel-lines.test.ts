import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

const TWO = [
  { sku: 'tea', quantity: 1 },
  { sku: 'tea', quantity: 1 },
];

describe('POST /v1/orders/{id}/cancel with lines', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    gateway.temporal.refusal = undefined;
    gateway.temporal.onUpdate = () => undefined;
    gateway.temporal.updates.length = 0;
  });

  const store = (difference: Parameters<typeof orderOf>[0] = {}) => {
    const order = orderOf({ customerId: gateway.customer.id, status: 'confirmed', ...difference });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const cancel = (id: string, request: Request = {}) =>
    gateway.call(`POST /v1/orders/${id}/cancel`, {
      as: gateway.customer,
      key: randomUUID(),
      body: { lines: TWO, reason: 'too many' },
      ...request,
    });

  it('has the workflow leave these pieces out, also where the whole order can no longer be canceled', async () => {
    const order = store({ fulfillmentStatus: 'partially_shipped', allowedActions: ['cancel_lines'] });
    const canceledLines = [{ sku: 'tea', quantity: 2 }];
    gateway.temporal.onUpdate = () => store({ ...order, canceledLines });
    const { status, body, text } = await cancel(order.id);
    assert.equal(status, 202, text);
    assert.partialDeepStrictEqual(body, { status: 'confirmed', canceledLines });
    const [update] = gateway.temporal.updates;
    assert.deepEqual(
      [update?.workflowId, update?.name, update?.args],
      [`order-${order.id}`, 'cancelLines', [{ lines: canceledLines, reason: 'too many' }]],
    );
  });

  it('returns why it cannot be done', async () => {
    for (const [type, code] of [
      ['TooLateToChange', 'TooLateToCancel'],
      ['NotChangeableNow', 'NotChangeableNow'],
      ['TooMany', 'TooMany'],
    ] as const) {
      gateway.temporal.refusal = { type, message: 'no' };
      const { status, body } = await cancel(store().id);
      assert.deepEqual([status, body.code, body.detail], [409, code, 'no']);
    }
    const ended = await cancel(store({ status: 'canceled' }).id);
    assert.deepEqual([ended.status, ended.body.code], [409, 'TooLateToCancel']);
  });

  it('returns the first outcome to a retry, even if the change has ended the order', async () => {
    const order = store();
    const key = randomUUID();
    gateway.temporal.onUpdate = () => {
      store({ ...order, status: 'canceled' });
      gateway.temporal.ended.add(`order-${order.id}`);
      throw lostResponse();
    };
    assert.equal((await cancel(order.id, { key })).status, 503);
    const again = await cancel(order.id, { key });
    assert.deepEqual([again.status, again.body.status], [202, 'canceled']);
    const other = await cancel(order.id);
    assert.deepEqual([other.status, other.body.code], [409, 'TooLateToCancel']);
  });

  it('takes other lines under a key whose record is gone for another change', async () => {
    const { id } = store();
    const key = randomUUID();
    await cancel(id, { key });
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    await cancel(id, { key, body: { lines: [{ sku: 'cup', quantity: 1 }] } });
    assert.equal(gateway.temporal.updates.length, 2);
  });

  it('refuses no lines, no pieces, and more pieces than an order can have', async () => {
    const most = { sku: 'tea', quantity: 100_000 };
    for (const lines of [[], [{ sku: 'tea', quantity: 0 }], [most, { sku: 'tea', quantity: 1 }]]) {
      assert.equal((await cancel(store().id, { body: { lines } })).status, 400);
    }
    assert.equal(gateway.temporal.updates.length, 0);
  });
});
