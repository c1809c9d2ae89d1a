import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { orderOf, returnOf } from '../../stage/gateway-builders.ts';
import { lostAnswer } from '../../stage/fake-temporal.ts';
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

  const keepOrder = () => {
    const order = orderOf({ customerId: gateway.customer.id, status: 'confirmed', fulfillmentStatus: 'delivered' });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const keepReturn = (difference: Parameters<typeof returnOf>[0]) => {
    const kept = returnOf(difference);
    gateway.services.store.returns.set(kept.id, kept);
    return kept;
  };
  const ask = (orderId: string, request: Request = {}) =>
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

  it('keeps a return, starts its workflow and lists it', async () => {
    const { id } = keepOrder();
    const { status, headers, body } = await ask(id);
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

  it('says 409 for what cannot be sent back', async () => {
    const order = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(order.id, order);
    const { status, body } = await ask(order.id);
    assert.deepEqual([status, body.code], [409, 'NotReturnable']);
  });

  it('carries on a return whose workflow never started where its pieces are in the way', async () => {
    const { id } = keepOrder();
    const stranded = keepReturn({ orderId: id });
    gateway.services.before.set('orders.draftReturn', () => {
      throw new Refusal('TooMany', 'they are on their way back already');
    });
    const { status, body } = await ask(id);
    gateway.services.before.clear();
    assert.deepEqual([status, body.code], [409, 'TooMany']);
    assert.equal(gateway.temporal.started.get(`return-${stranded.id}`)?.type, 'returnWorkflow');
  });

  it('tells the workflow that the goods are back', async () => {
    const { id } = keepReturn({});
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

  it('starts the workflow first where whoever asked for the return met a Temporal that was away', async () => {
    const { id } = keepReturn({});
    await receive(id);
    assert.ok(gateway.temporal.started.has(`return-${id}`));
  });

  it('says 409 for what the workflow refuses', async () => {
    for (const type of ['AlreadyReceived', 'NotInReturn']) {
      gateway.temporal.refusal = { type, message: 'no' };
      const { status, body } = await receive(keepReturn({}).id);
      assert.deepEqual([status, body.code], [409, type]);
    }
  });

  it('says 409 where the workflow has ended, but not to whoever lost the answer of its own request', async () => {
    const ended = keepReturn({ status: 'refunded', received: [...goods] });
    gateway.temporal.ended.add(`return-${ended.id}`);
    const late = await receive(ended.id);
    assert.deepEqual([late.status, late.body.code], [409, 'AlreadyReceived']);

    for (const [received, status] of [
      [[...goods], 200],
      [[{ ...goods[0], quantity: 2 }], 409],
    ] as const) {
      const asked = keepReturn({});
      const key = randomUUID();
      gateway.temporal.onUpdate = () => {
        keepReturn({ ...asked, status: 'refunded', received: [...received] });
        gateway.temporal.ended.add(`return-${asked.id}`);
        throw lostAnswer();
      };
      assert.equal((await receive(asked.id, { key })).status, 503);
      assert.equal((await receive(asked.id, { key })).status, status);
    }
  });

  it('says 404 for a return that is none', async () => {
    for (const id of [randomUUID(), 'nonsense']) {
      const { status, body } = await receive(id);
      assert.deepEqual([status, body.code], [404, 'ReturnNotFound']);
    }
  });
});
