import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { interventionOf, orderOf, productOf } from './fake-services.ts';
import { type Harness, type Request, orderWish, startHarness } from './harness.ts';

describe('orders at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const place = (difference: Record<string, unknown> = {}, request: Request = {}) =>
    gateway.call('POST /v1/orders', {
      as: gateway.customer,
      key: randomUUID(),
      body: orderWish(difference),
      ...request,
    });
  const workflowOf = (orderId: string) => gateway.temporal.started.get(`order-${orderId}`)?.options;

  describe('POST /v1/orders', () => {
    it('answers 202 with the order and where it is, in exactly the published shape', async () => {
      const { status, headers, body } = await place();
      assert.equal(status, 202);
      assert.equal(headers.get('location'), `/v1/orders/${body.id}`);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.deepEqual(body, {
        id: body.id,
        status: 'pending',
        paymentStatus: 'not_paid',
        fulfillmentStatus: 'not_fulfilled',
        lines: [
          {
            sku: 'tea',
            name: 'Tea',
            quantity: 2,
            unitPrice: { amountMinor: 450, currency: 'GBP' },
            total: { amountMinor: 900, currency: 'GBP' },
          },
        ],
        total: { amountMinor: 900, currency: 'GBP' },
        shippingAddress: orderWish().shippingAddress,
        allowedActions: ['cancel'],
        createdAt: '2026-01-05T09:00:00.000Z',
        updatedAt: '2026-01-05T09:00:00.000Z',
      });
    });

    it('starts one workflow, named, filtered and summed up for people', async () => {
      const { body } = await place();
      const { typedSearchAttributes, ...options } = workflowOf(body.id)!;
      assert.deepEqual(options, {
        workflowId: `order-${body.id}`,
        taskQueue: 'order',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [
          {
            orderId: body.id,
            customerId: gateway.customer.id,
            lines: [{ sku: 'tea', quantity: 2 }],
            total: { amountMinor: 900, currency: 'GBP' },
            paymentMethod: 'pm_card_visa',
            shippingAddress: orderWish().shippingAddress,
          },
        ],
        staticSummary: `1 line, 9.00 GBP, customer ${gateway.customer.id}`,
      });
      assert.deepEqual(
        (typedSearchAttributes as { key: { name: string }; value: string }[]).map(({ key, value }) => [
          key.name,
          value,
        ]),
        [
          ['OrderStatus', 'pending'],
          ['CustomerId', gateway.customer.id],
        ],
      );
    });

    it('makes lines of one SKU one line, in the order of their first appearance', async () => {
      gateway.services.store.products.set('cup', productOf({ sku: 'cup', price: { amountMinor: 1, currency: 'GBP' } }));
      const lines = ['tea', 'cup', 'tea'].map((sku, index) => ({ sku, quantity: index + 1 }));
      const { body } = await place({ lines });
      assert.deepEqual(
        (body.lines as { sku: string; quantity: number }[]).map(({ sku, quantity }) => [sku, quantity]),
        [
          ['tea', 4],
          ['cup', 2],
        ],
      );
      assert.deepEqual(body.total, { amountMinor: 1802, currency: 'GBP' });
    });

    it('points at every unknown SKU and starts nothing', async () => {
      const [drafts, workflows] = [gateway.services.store.drafts.size, gateway.temporal.started.size];
      const lines = [{ sku: 'nope' }, { sku: 'tea' }, { sku: 'nope' }].map((line) => ({ ...line, quantity: 1 }));
      const { status, body } = await place({ lines });
      assert.deepEqual([status, body.code], [400, 'InvalidRequest']);
      assert.deepEqual(
        body.errors.map(({ pointer }) => pointer),
        ['/lines/0/sku', '/lines/2/sku'],
      );
      assert.deepEqual([gateway.services.store.drafts.size, gateway.temporal.started.size], [drafts, workflows]);
    });

    it('refuses lines of one SKU that together pass 100,000', async () => {
      const { status, body } = await place({ lines: [60_000, 40_001].map((quantity) => ({ sku: 'tea', quantity })) });
      assert.deepEqual([status, body.errors[0]!.pointer], [400, '/lines/1/quantity']);
    });

    it('refuses a second currency and a total beyond what money can be', async () => {
      const { products } = gateway.services.store;
      products.set('euro', productOf({ sku: 'euro', price: { amountMinor: 1, currency: 'EUR' } }));
      products.set('gold', productOf({ sku: 'gold', price: { amountMinor: 100_000_000, currency: 'GBP' } }));
      const mixed = await place({ lines: ['tea', 'euro'].map((sku) => ({ sku, quantity: 1 })) });
      assert.deepEqual([mixed.status, mixed.body.errors[0]!.pointer], [400, '/lines/1/sku']);
      const dear = await place({ lines: [{ sku: 'gold', quantity: 100_000 }] });
      assert.deepEqual([dear.status, dear.body.errors[0]!.pointer], [400, '/lines']);
    });

    it('refuses countries that are none', async () => {
      for (const country of ['XX', 'EU', 'UK', 'SU']) {
        const { status, body } = await place({ shippingAddress: { ...orderWish().shippingAddress, country } });
        assert.deepEqual([status, body.errors[0]!.pointer], [400, '/shippingAddress/country'], country);
      }
    });

    it('waits as long as it is asked to, and says so', async () => {
      gateway.services.store.decided = { status: 'rejected', rejection: { code: 'CardDeclined', detail: 'declined' } };
      const { status, headers, body } = await place({}, { headers: { prefer: 'respond-async, wait=5' } });
      gateway.services.store.decided = {};
      assert.deepEqual([status, headers.get('preference-applied'), body.status], [201, 'wait=5', 'rejected']);
      assert.deepEqual(body.rejection, { code: 'CardDeclined', detail: 'declined' });
    });

    it('answers 202 where the order is still pending when the wait is over', async () => {
      const { status, headers } = await place({}, { headers: { prefer: 'wait=1' } });
      assert.deepEqual([status, headers.get('preference-applied')], [202, null]);
    });

    it('answers 202 where the order is placed but cannot be watched', async () => {
      gateway.services.before.set('orders.awaitOrder', () => {
        throw new Error('the connection broke');
      });
      const { status, body } = await place({}, { headers: { prefer: 'wait=1' } });
      gateway.services.before.delete('orders.awaitOrder');
      assert.equal(status, 202);
      assert.ok(workflowOf(body.id));
    });

    it('ignores preferences it cannot honour', async () => {
      gateway.services.asked.length = 0;
      for (const prefer of [
        'wait=0',
        'wait=31',
        'wait=soon',
        'return=minimal',
        'wait=1.5',
        'handling=lenient; wait=3',
      ]) {
        assert.equal((await place({}, { headers: { prefer } })).status, 202, prefer);
      }
      assert.ok(!gateway.services.asked.includes('orders.awaitOrder'));
    });

    it('answers 503 while Temporal is away, and places the same order when asked again', async () => {
      const key = randomUUID();
      gateway.temporal.down = true;
      const away = await place({}, { key });
      gateway.temporal.down = false;
      assert.deepEqual([away.status, away.body.code], [503, 'TemporalUnavailable']);
      assert.ok(Number(away.headers.get('retry-after')) > 0);
      const back = await place({}, { key });
      assert.equal(back.status, 202);
      assert.equal(back.headers.get('idempotent-replayed'), null);
      assert.ok(workflowOf(back.body.id));
    });

    it('answers 503 while a service is away', async () => {
      gateway.services.down.add('orders');
      const { status, headers, body } = await place();
      gateway.services.down.clear();
      assert.deepEqual([status, body.code], [503, 'ServiceUnavailable']);
      assert.ok(Number(headers.get('retry-after')) > 0);
    });

    it('keeps to the first price where it changed between two tries of one request', async () => {
      const key = randomUUID();
      gateway.temporal.down = true;
      await place({}, { key });
      gateway.temporal.down = false;
      gateway.services.store.products.set('tea', productOf({ price: { amountMinor: 999, currency: 'GBP' } }));
      const { status, body } = await place({}, { key });
      gateway.services.store.products.set('tea', productOf({}));
      assert.deepEqual([status, body.total], [202, { amountMinor: 900, currency: 'GBP' }]);
    });

    it('tells another order under a used id apart also where its own record is gone', async () => {
      const key = randomUUID();
      await place({}, { key });
      await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
      const { status, body } = await place({ lines: [{ sku: 'tea', quantity: 3 }] }, { key });
      assert.deepEqual([status, body.code], [422, 'IdempotencyKeyReused']);
    });

    it('counts each order once, by the status it was answered with', async () => {
      const counter = gateway.metrics.registry.getSingleMetric('orders_created_total')!;
      const pending = async () => (await counter.get()).values.find(({ labels }) => labels.status === 'pending')!.value;
      const earlier = await pending();
      const key = randomUUID();
      await place({}, { key });
      await place({}, { key });
      await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
      await place({}, { key });
      assert.equal(await pending(), earlier + 1);
    });

    it('gives two callers with the same key two orders', async () => {
      const key = randomUUID();
      const [mine, theirs] = [await place({}, { key }), await place({}, { key, as: gateway.other })];
      assert.deepEqual([mine.status, theirs.status], [202, 202]);
      assert.notEqual(mine.body.id, theirs.body.id);
    });
  });

  describe('reading', () => {
    const keep = (difference: Parameters<typeof orderOf>[0]) => {
      const order = orderOf({ customerId: gateway.customer.id, ...difference });
      gateway.services.store.orders.set(order.id, order);
      return order;
    };

    it('answers one’s own order with an ETag, and 304 while it holds', async () => {
      const { id } = keep({ trackingNumber: 'SB-1', version: 7 });
      const first = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
      const etag = first.headers.get('etag')!;
      assert.match(etag, /^"7-[\w-]+"$/);
      const again = await gateway.call(`GET /v1/orders/${id}`, {
        as: gateway.customer,
        headers: { 'if-none-match': `"x", W/${etag}` },
      });
      assert.deepEqual([again.status, again.text], [304, '']);
      keep({ id, version: 8 });
      const changed = await gateway.call(`GET /v1/orders/${id}`, {
        as: gateway.customer,
        headers: { 'if-none-match': etag },
      });
      assert.equal(changed.status, 200);
    });

    it('answers somebody else’s order like one that does not exist', async () => {
      const { id } = keep({});
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

    it('shows an admin everybody’s', async () => {
      const { id } = keep({});
      assert.equal((await gateway.call(`GET /v1/orders/${id}`, { as: gateway.admin })).status, 200);
    });

    it('lists one’s own, an admin everybody’s, with the filter kept in the next page', async () => {
      const { listed } = gateway.services.store;
      keep({});
      const mine = await gateway.call('GET /v1/orders?status=pending&limit=1', { as: gateway.customer });
      assert.equal(mine.status, 200);
      assert.equal(mine.body.next, '/v1/orders?cursor=c%2F2&limit=1&status=pending');
      assert.deepEqual(listed.pop(), {
        customerId: gateway.customer.id,
        status: 'pending',
        after: undefined,
        limit: 1,
      });
      await gateway.call(`GET ${mine.body.next}`, { as: gateway.admin });
      assert.deepEqual(listed.pop(), { status: 'pending', after: 'c/2', limit: 1 });
    });

    it('refuses bad cursors, limits, filters, doubled and unknown query fields', async () => {
      for (const query of ['cursor=bad', 'limit=0', 'limit=101', 'limit=1e1', 'limit=', 'status=lost', 'x=1']) {
        const { status, body } = await gateway.call(`GET /v1/orders?${query}`, { as: gateway.customer });
        assert.equal(status, 400, query);
        assert.match(body.code, /^(InvalidRequest|BadCursor)$/);
      }
      const doubled = await gateway.call('GET /v1/orders?limit=1&limit=2', { as: gateway.customer });
      assert.deepEqual([doubled.status, doubled.body.errors[0]!.pointer], [400, '/limit']);
    });

    it('tells the order’s story', async () => {
      const { id } = keep({});
      const { body } = await gateway.call(`GET /v1/orders/${id}/history`, { as: gateway.customer });
      assert.deepEqual(body, {
        items: [{ at: '2026-01-05T09:00:00.000Z', step: 'record', outcome: 'succeeded', attempt: 1 }],
      });
    });

    it('names what can be done with an order as it stands', async () => {
      const [future, past] = [Date.now() + 60_000, Date.now() - 60_000].map((time) => new Date(time).toISOString());
      const cases: [Parameters<typeof orderOf>[0], string[]][] = [
        [{ status: 'pending' }, ['cancel']],
        [{ status: 'confirmed', fulfillmentStatus: 'booked' }, ['cancel']],
        [{ status: 'confirmed', fulfillmentStatus: 'shipped' }, []],
        [{ status: 'confirmed', fulfillmentStatus: 'delivered', returnableUntil: future! }, ['return']],
        [{ status: 'confirmed', fulfillmentStatus: 'partially_returned', returnableUntil: future! }, ['return']],
        [{ status: 'confirmed', fulfillmentStatus: 'delivered', returnableUntil: past! }, []],
        [{ status: 'confirmed', fulfillmentStatus: 'returned', returnableUntil: future! }, []],
        [{ status: 'rejected' }, []],
        [{ status: 'canceled', fulfillmentStatus: 'canceled' }, []],
        [{ status: 'requires_action' }, []],
      ];
      for (const [difference, expected] of cases) {
        const { id } = keep(difference);
        const { body } = await gateway.call(`GET /v1/orders/${id}`, { as: gateway.customer });
        assert.deepEqual(body.allowedActions, expected, JSON.stringify(difference));
      }
    });
  });

  it('keeps admins’ matters from customers', async () => {
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
