import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { orderOf, returnOf } from '../../stage/gateway-builders.ts';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('returns at the gateway', () => {
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

  const storeOrder = () => {
    const order = orderOf({ customerId: gateway.customer.id, status: 'confirmed', fulfillmentStatus: 'delivered' });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const storeReturn = (difference: Parameters<typeof returnOf>[0]) => {
    const stored = returnOf(difference);
    gateway.services.store.returns.set(stored.id, stored);
    return stored;
  };
  const requestReturn = (orderId: string, request: Request = {}) =>
    gateway.call(`POST /v1/orders/${orderId}/returns`, {
      as: gateway.customer,
      key: randomUUID(),
      body: { lines: [1, 2].map((quantity) => ({ sku: 'tea', quantity })), reason: 'broken' },
      ...request,
    });
  const goods = [{ sku: 'tea', quantity: 1, condition: 'resellable' }] as const;
  const receive = (returnId: string, request: Request = {}) =>
    gateway.call(`POST /v1/returns/${returnId}/receive`, {
      as: gateway.admin,
      key: randomUUID(),
      body: { lines: goods },
      ...request,
    });

  it('are stored, listed and carried out by a workflow', async () => {
    const { id } = storeOrder();
    const { status, headers, body } = await requestReturn(id);
    assert.deepEqual([status, headers.get('location')], [201, `/v1/orders/${id}/returns`]);
    assert.deepEqual([body.status, body.lines], ['requested', [{ sku: 'tea', quantity: 3 }]]);
    assert.ok(!('customerId' in body) && !('refund' in body));
    const { type, options } = gateway.temporal.started.get(`return-${body.id}`)!;
    assert.equal(type, 'returnWorkflow');
    assert.deepEqual(options.args, [
      { returnId: body.id, orderId: id, customerId: gateway.customer.id, lines: [{ sku: 'tea', quantity: 3 }] },
    ]);
    const list = await gateway.call(`GET /v1/orders/${id}/returns`, { as: gateway.customer });
    assert.deepEqual(list.body.items, [body]);
  });

  it('get 409 for an order that cannot be returned', async () => {
    const order = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(order.id, order);
    const { status, body } = await requestReturn(order.id);
    assert.deepEqual([status, body.code], [409, 'NotReturnable']);
  });

  it('start the workflow of an earlier return that holds the pieces and has none', async () => {
    const { id } = storeOrder();
    const stranded = storeReturn({ orderId: id });
    gateway.services.before.set('orders.draftReturn', () => {
      throw new Refusal('TooMany', 'these pieces are being returned already');
    });
    const { status, body } = await requestReturn(id);
    gateway.services.before.clear();
    assert.deepEqual([status, body.code], [409, 'TooMany']);
    assert.equal(gateway.temporal.started.get(`return-${stranded.id}`)?.type, 'returnWorkflow');
  });

  it('send the received goods to the workflow', async () => {
    const { id } = storeReturn({});
    const { status, body } = await receive(id, {
      body: { lines: [...goods, { ...goods[0], condition: 'damaged' }, ...goods] },
    });
    assert.deepEqual([status, body.id], [200, id]);
    const [update] = gateway.temporal.updates;
    assert.deepEqual(
      [update?.workflowId, update?.name, update?.args],
      [
        `return-${id}`,
        'receiveReturn',
        [
          {
            lines: [
              { sku: 'tea', quantity: 2, condition: 'resellable' },
              { sku: 'tea', quantity: 1, condition: 'damaged' },
            ],
          },
        ],
      ],
    );
  });

  it('start their workflow on receipt if Temporal was unavailable before', async () => {
    const { id } = storeReturn({});
    await receive(id);
    assert.ok(gateway.temporal.started.has(`return-${id}`));
  });

  it('get 409 if the workflow refuses', async () => {
    for (const type of ['AlreadyReceived', 'NotInReturn']) {
      gateway.temporal.refusal = { type, message: 'no' };
      const { status, body } = await receive(storeReturn({}).id);
      assert.deepEqual([status, body.code], [409, type]);
    }
  });

  it('get 409 after the workflow has ended, but 200 for a retry whose first response was lost', async () => {
    const ended = storeReturn({ status: 'refunded', received: [...goods] });
    gateway.temporal.ended.add(`return-${ended.id}`);
    const late = await receive(ended.id);
    assert.deepEqual([late.status, late.body.code], [409, 'AlreadyReceived']);

    for (const [received, status] of [
      [[...goods], 200],
      [[{ ...goods[0], quantity: 2 }], 409],
    ] as const) {
      const stored = storeReturn({});
      const key = randomUUID();
      gateway.temporal.onUpdate = () => {
        storeReturn({ ...stored, status: 'refunded', received: [...received] });
        gateway.temporal.ended.add(`return-${stored.id}`);
        throw lostResponse();
      };
      assert.equal((await receive(stored.id, { key })).status, 503);
      assert.equal((await receive(stored.id, { key })).status, status);
    }
  });

  it('get 404 for an unknown return', async () => {
    for (const id of [randomUUID(), 'nonsense']) {
      const { status, body } = await receive(id);
      assert.deepEqual([status, body.code], [404, 'ReturnNotFound']);
    }
  });
});
