import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderOf } from '../../stage/gateway-builders.ts';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/orders/{id}/cancel', () => {
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
    gateway.call(`POST /v1/orders/${id}/cancel`, { as: gateway.customer, key: randomUUID(), ...request });

  it('updates the workflow and returns the changed order', async () => {
    const order = store();
    gateway.temporal.onUpdate = () => store({ ...order, status: 'canceled' });
    const { status, body } = await cancel(order.id, { body: { reason: 'ordered twice' } });
    assert.deepEqual([status, body.status], [202, 'canceled']);
    const [update] = gateway.temporal.updates;
    assert.deepEqual(
      [update?.workflowId, update?.name, update?.args],
      [`order-${order.id}`, 'cancel', [{ reason: 'ordered twice' }]],
    );
  });

  it('needs no body', async () => {
    assert.equal((await cancel(store().id)).status, 202);
    assert.deepEqual(gateway.temporal.updates[0]!.args, [{}]);
  });

  it('uses the same update id for every repeat', async () => {
    const { id } = store();
    const key = randomUUID();
    await cancel(id, { key });
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    await cancel(id, { key });
    const ids = gateway.temporal.updates.map(({ updateId }) => updateId);
    assert.equal(ids.length, 2);
    assert.equal(new Set(ids).size, 1);
  });

  it('returns 409 if the order does not allow it', async () => {
    for (const allowedActions of [[], ['return']] as const) {
      const { status, body } = await cancel(store({ allowedActions: [...allowedActions] }).id);
      assert.deepEqual([status, body.code], [409, 'TooLateToCancel']);
    }
    assert.equal(gateway.temporal.updates.length, 0);
  });

  it('returns 409 if the workflow refuses', async () => {
    gateway.temporal.refusal = { type: 'TooLateToCancel', message: 'the parcel has left' };
    const { status, body } = await cancel(store().id);
    assert.deepEqual([status, body.code, body.detail], [409, 'TooLateToCancel', 'the parcel has left']);
  });

  it('returns 409 if the workflow has ended meanwhile', async () => {
    const { id } = store();
    gateway.temporal.ended.add(`order-${id}`);
    const { status, body } = await cancel(id);
    assert.deepEqual([status, body.code], [409, 'TooLateToCancel']);
  });

  it('returns 409 for a canceled order, but 202 for a retry whose first response was lost', async () => {
    const { id } = store({ status: 'canceled', fulfillmentStatus: 'canceled', allowedActions: [] });
    const late = await cancel(id);
    assert.deepEqual([late.status, late.body.code], [409, 'TooLateToCancel']);

    const order = store();
    const key = randomUUID();
    gateway.temporal.onUpdate = () => {
      store({ ...order, status: 'canceled', allowedActions: [] });
      throw lostResponse();
    };
    assert.equal((await cancel(order.id, { key })).status, 503);
    const again = await cancel(order.id, { key });
    assert.deepEqual([again.status, again.body.status], [202, 'canceled']);
  });

  it('lets the workflow decide about an order that requires action', async () => {
    assert.equal((await cancel(store({ status: 'requires_action' }).id)).status, 202);
    gateway.temporal.refusal = { type: 'TooLateToCancel', message: 'no' };
    assert.equal((await cancel(store({ status: 'requires_action' }).id)).status, 409);
  });

  it('returns 503 while Temporal is unavailable, and can be retried with the same key', async () => {
    const { id } = store();
    const key = randomUUID();
    gateway.temporal.down = true;
    const away = await cancel(id, { key });
    gateway.temporal.down = false;
    assert.deepEqual([away.status, away.body.code], [503, 'TemporalUnavailable']);
    assert.equal((await cancel(id, { key })).status, 202);
  });

  it('returns 500 for a bug, without its details', async () => {
    gateway.temporal.refusal = { type: 'TypeError', message: 'undefined is not a function' };
    const { status, body, text } = await cancel(store().id);
    assert.deepEqual([status, body.code], [500, 'InternalError']);
    assert.doesNotMatch(text, /undefined is not/);
  });
});
