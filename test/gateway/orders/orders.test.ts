import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { interventionOf, listedParcelOf, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('orders at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const store = (difference: Parameters<typeof orderOf>[0]) => {
    const order = orderOf({ customerId: gateway.customer.id, ...difference });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };

  it('are returned to their owner with an ETag, and 304 while it is current', async () => {
    const { id } = store({ trackingNumber: 'SB-1', version: 7 });
    const first = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
    const etag = first.headers.get('etag')!;
    assert.match(etag, /^"7-[\w-]+"$/);
    const again = await gateway.call(`GET /v1/orders/${id}`, {
      as: gateway.customer,
      headers: { 'if-none-match': `"x", W/${etag}` },
    });
    assert.deepEqual([again.status, again.text], [304, '']);
    store({ id, version: 8 });
    const changed = await gateway.call(`GET /v1/orders/${id}`, {
      as: gateway.customer,
      headers: { 'if-none-match': etag },
    });
    assert.equal(changed.status, 200);
  });

  it('of somebody else get the same 404 as missing ones', async () => {
    const { id } = store({});
    for (const path of ['', '/history', '/returns']) {
      const strange = await gateway.call(`GET /v1/orders/${id}${path}`, { as: gateway.other });
      const absent = await gateway.call(`GET /v1/orders/${randomUUID()}${path}`, { as: gateway.other });
      const nonsense = await gateway.call(`GET /v1/orders/nonsense${path}`, { as: gateway.other });
      for (const { status, body } of [strange, absent, nonsense]) {
        assert.deepEqual([status, body.code], [404, 'OrderNotFound'], path);
      }
    }
    for (const [path, body] of [
      ['cancel', {}],
      ['returns', { lines: [{ sku: 'tea', quantity: 1 }], reason: 'no' }],
    ] as const) {
      const strange = await gateway.call(`POST /v1/orders/${id}/${path}`, { as: gateway.other, key: 'k', body });
      assert.equal(strange.status, 404, path);
    }
  });

  it('of everybody are visible to admins', async () => {
    const { id } = store({});
    assert.equal((await gateway.call(`GET /v1/orders/${id}`, { as: gateway.admin })).status, 200);
  });

  it('say what the customer must do to the customer alone', async () => {
    const nextAction = {
      type: 'stripe',
      clientSecret: 'pi_1_secret_2',
      expiresAt: '2026-01-05T09:30:00.000Z',
    } as const;
    const { id } = store({ paymentStatus: 'awaiting_customer', nextAction });
    const mine = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
    assert.partialDeepStrictEqual(mine.body, { nextAction });
    const theirs = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.admin });
    assert.partialDeepStrictEqual(theirs.body, { paymentStatus: 'awaiting_customer' });
    assert.ok(!('nextAction' in theirs.body));
  });

  it('say how they travel, what is not sent, and what they wait for', async () => {
    const [booked, waiting] = [
      listedParcelOf({ parcel: { status: 'booked', promisedBy: '2026-01-08T18:00:00.000Z' } }).parcel,
      listedParcelOf({ parcel: { status: 'waiting', trackingNumber: null } }).parcel,
    ];
    const { id } = store({
      parcels: [booked, waiting],
      canceledLines: [{ sku: 'tea', quantity: 1 }],
      waitsFor: { what: 'payment_method', until: '2026-01-07T09:00:00.000Z' },
    });
    const { body } = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
    const { trackingNumber: _t, promisedBy: _p, ...shown } = waiting;
    assert.partialDeepStrictEqual(body, {
      canceledLines: [{ sku: 'tea', quantity: 1 }],
      waitsFor: { what: 'payment_method', until: '2026-01-07T09:00:00.000Z' },
    });
    assert.deepEqual((body as { parcels?: unknown }).parcels, [booked, shown]);
  });

  it('have none of this where there is nothing to say, or an older order service does not', async () => {
    const nothing = store({ parcels: [], canceledLines: [], waitsFor: null });
    const { body } = await gateway.call(`GET /v1/orders/${nothing.id}`, { as: gateway.customer });
    assert.deepEqual((body as { parcels?: unknown }).parcels, []);
    assert.ok(!('canceledLines' in body) && !('waitsFor' in body));
    const older = await gateway.call(`GET /v1/orders/${store({}).id}`, { as: gateway.customer });
    assert.ok(!('parcels' in older.body));
  });

  it('are listed per caller, for admins all of them, and the next page keeps the filter', async () => {
    const { listed } = gateway.services.store;
    store({});
    const mine = await gateway.call('GET /v1/orders?status=pending&limit=1', { as: gateway.customer });
    assert.equal(mine.status, 200);
    assert.equal(mine.body.next, '/v1/orders?cursor=c-2&limit=1&status=pending');
    assert.deepEqual(listed.pop(), {
      customerId: gateway.customer.id,
      status: 'pending',
      after: undefined,
      limit: 1,
    });
    await gateway.call(`GET ${mine.body.next}`, { as: gateway.admin });
    assert.deepEqual(listed.pop(), { status: 'pending', after: 'c-2', limit: 1 });
  });

  it('cannot be listed with invalid, repeated or unknown query fields', async () => {
    for (const query of ['cursor=bad', 'limit=0', 'limit=101', 'limit=1e1', 'limit=', 'status=lost', 'x=1']) {
      const { status, body } = await gateway.call(`GET /v1/orders?${query}`, { as: gateway.customer });
      assert.equal(status, 400, query);
      assert.match(body.code, /^(InvalidRequest|BadCursor)$/);
    }
    const doubled = await gateway.call('GET /v1/orders?limit=1&limit=2', { as: gateway.customer });
    assert.equal(doubled.status, 400);
    assert.deepEqual(doubled.body.errors, [{ pointer: '/limit', detail: 'occurs more than once' }]);
  });

  it('have a history', async () => {
    const { id } = store({});
    const { body } = await gateway.call(`GET /v1/orders/${id}/history`, { as: gateway.customer });
    assert.deepEqual(body, {
      items: [{ at: '2026-01-05T09:00:00.000Z', step: 'record', outcome: 'succeeded', attempt: 1 }],
    });
  });

  it('name the actions that the order service allows', async () => {
    for (const allowedActions of [['cancel'], ['return'], []] as const) {
      const { id } = store({ allowedActions: [...allowedActions] });
      const { body } = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
      assert.deepEqual(body.allowedActions, allowedActions);
    }
  });

  it('do not give customers access to the operations of admins', async () => {
    const { id } = interventionOf({});
    for (const what of [
      'GET /v1/admin/interventions',
      `POST /v1/admin/interventions/${id}/resolve`,
      'POST /v1/products',
      'PATCH /v1/products/tea',
      'GET /v1/products/tea/stock',
      'POST /v1/products/tea/stock-adjustments',
      `POST /v1/returns/${id}/receive`,
    ]) {
      const { status, body, headers } = await gateway.call(what, { as: gateway.customer });
      assert.deepEqual([status, body.code], [403, 'Forbidden'], what);
      assert.match(headers.get('www-authenticate')!, /insufficient_scope/);
    }
  });
});
