import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderBody, productOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/orders', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const place = (difference: Record<string, unknown> = {}, request: Request = {}) =>
    gateway.call('POST /v1/orders', {
      as: gateway.customer,
      key: randomUUID(),
      body: orderBody(difference),
      ...request,
    });
  const workflowOf = (orderId: string) => gateway.temporal.started.get(`order-${orderId}`)?.options;

  it('returns 202 with the order and its path, in exactly the published schema', async () => {
    const { status, headers, body } = await place();
    assert.equal(status, 202);
    assert.equal(headers.get('location'), `/v1/orders/${body.id}`);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(body, {
      id: body.id,
      number: '10001',
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
      captured: { amountMinor: 0, currency: 'GBP' },
      refunded: { amountMinor: 0, currency: 'GBP' },
      shippingAddress: orderBody().shippingAddress,
      allowedActions: ['cancel'],
      createdAt: '2026-01-05T09:00:00.000Z',
      updatedAt: '2026-01-05T09:00:00.000Z',
    });
  });

  it('starts one workflow with a readable id, search attributes and a summary', async () => {
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
          shippingAddress: orderBody().shippingAddress,
        },
      ],
      // The lane that the order service chose for the draft.
      memo: { lane: 'local-first', showsStanding: true, atOnce: true },
      staticSummary: `1 line, £9.00, customer ${gateway.customer.id}`,
    });
    assert.deepEqual(
      (typedSearchAttributes as { key: { name: string }; value: string }[]).map(({ key, value }) => [key.name, value]),
      [
        ['OrderStatus', 'pending'],
        ['PaymentStatus', 'not_paid'],
        ['FulfillmentStatus', 'not_fulfilled'],
        ['CustomerId', gateway.customer.id],
      ],
    );
  });

  for (const [currency, total] of [
    ['JPY', 'JP¥900'],
    ['HUF', 'HUF\\s9\\.00'],
    ['KWD', 'KWD\\s0\\.900'],
  ] as const) {
    it(`summarizes the total with as many decimals as ISO 4217 gives ${currency}`, async () => {
      gateway.services.store.products.set('box', productOf({ sku: 'box', price: { amountMinor: 450, currency } }));
      const { body } = await place({ lines: [{ sku: 'box', quantity: 2 }] });
      assert.match(String(workflowOf(body.id)!.staticSummary), new RegExp(`^1 line, ${total}, customer`));
    });
  }

  it('merges lines of the same SKU, in the order of their first occurrence', async () => {
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

  it('points at every unknown SKU, and starts no workflow', async () => {
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

  it('refuses lines of one SKU that exceed 100,000 pieces together', async () => {
    const { status, body } = await place({ lines: [60_000, 40_001].map((quantity) => ({ sku: 'tea', quantity })) });
    assert.deepEqual([status, body.errors[0]!.pointer], [400, '/lines/1/quantity']);
  });

  it('refuses a second currency, and a total above the maximum', async () => {
    const { products } = gateway.services.store;
    products.set('euro', productOf({ sku: 'euro', price: { amountMinor: 1, currency: 'EUR' } }));
    products.set('gold', productOf({ sku: 'gold', price: { amountMinor: 100_000_000, currency: 'GBP' } }));
    const mixed = await place({ lines: ['tea', 'euro'].map((sku) => ({ sku, quantity: 1 })) });
    assert.deepEqual([mixed.status, mixed.body.errors[0]!.pointer], [400, '/lines/1/sku']);
    const dear = await place({ lines: [{ sku: 'gold', quantity: 100_000 }] });
    assert.deepEqual([dear.status, dear.body.errors[0]!.pointer], [400, '/lines']);
  });

  it('refuses unknown country codes', async () => {
    for (const country of ['XX', 'EU', 'UK', 'SU']) {
      const { status, body } = await place({ shippingAddress: { ...orderBody().shippingAddress, country } });
      assert.deepEqual([status, body.errors[0]!.pointer], [400, '/shippingAddress/country'], country);
    }
  });

  it('needs a postal code only in countries that have them', async () => {
    const { postalCode: _, ...address } = orderBody().shippingAddress as Record<string, unknown>;
    const hongKong = { ...address, country: 'HK' };
    const { status, body } = await place({ shippingAddress: hongKong });
    assert.equal(status, 202);
    assert.deepEqual((body as unknown as { shippingAddress: object }).shippingAddress, hongKong);
    const [input] = workflowOf(body.id)!.args as [{ shippingAddress: object }];
    assert.deepEqual(input.shippingAddress, hongKong);
    const british = await place({ shippingAddress: { ...address, country: 'GB' } });
    assert.deepEqual(
      [british.status, british.body.errors],
      [400, [{ pointer: '/shippingAddress/postalCode', detail: 'is required in this country' }]],
    );
  });

  it('waits as the Prefer header requests, and confirms it', async () => {
    gateway.services.store.decided = { status: 'rejected', rejection: { code: 'CardDeclined', detail: 'declined' } };
    const { status, headers, body } = await place(
      {},
      { headers: { prefer: 'note="a, wait=0", respond-async, wait=5' } },
    );
    gateway.services.store.decided = {};
    assert.deepEqual([status, headers.get('preference-applied'), body.status], [201, 'wait=5', 'rejected']);
    assert.deepEqual(body.rejection, { code: 'CardDeclined', detail: 'declined' });
  });

  it('returns 202 if the order is still pending after the wait', async () => {
    const { status, headers } = await place({}, { headers: { prefer: 'wait=1' } });
    assert.deepEqual([status, headers.get('preference-applied')], [202, null]);
  });

  it('returns 202 if the order is placed but waiting for it fails', async () => {
    gateway.services.before.set('orders.awaitOrder', () => {
      throw new Error('the connection broke');
    });
    const { status, body } = await place({}, { headers: { prefer: 'wait=1' } });
    gateway.services.before.delete('orders.awaitOrder');
    assert.equal(status, 202);
    assert.ok(workflowOf(body.id));
  });

  it('ignores preferences that it does not support', async () => {
    gateway.services.calls.length = 0;
    for (const prefer of ['wait=0', 'wait=31', 'wait=soon', 'return=minimal', 'wait=1.5', 'handling=lenient; wait=3']) {
      assert.equal((await place({}, { headers: { prefer } })).status, 202, prefer);
    }
    assert.ok(!gateway.services.calls.includes('orders.awaitOrder'));
  });

  it('returns 503 while Temporal is unavailable, and a retry places the same order', async () => {
    const key = randomUUID();
    const twoOfOne = { lines: [1, 2].map((quantity) => ({ sku: 'tea', quantity })) };
    gateway.temporal.down = true;
    const away = await place(twoOfOne, { key });
    gateway.temporal.down = false;
    assert.deepEqual([away.status, away.body.code], [503, 'TemporalUnavailable']);
    assert.ok(Number(away.headers.get('retry-after')) > 0);
    const back = await place(twoOfOne, { key });
    assert.equal(back.status, 202);
    assert.equal(back.headers.get('idempotent-replayed'), null);
    assert.deepEqual(workflowOf(back.body.id)!.memo, { lane: 'local-first', showsStanding: true, atOnce: true });
  });

  it('returns 503 while a service is unavailable', async () => {
    gateway.services.down.add('orders');
    const { status, headers, body } = await place();
    gateway.services.down.clear();
    assert.deepEqual([status, body.code], [503, 'ServiceUnavailable']);
    assert.ok(Number(headers.get('retry-after')) > 0);
  });

  it('keeps the first price if it changed between two attempts of a request', async () => {
    const key = randomUUID();
    gateway.temporal.down = true;
    await place({}, { key });
    gateway.temporal.down = false;
    gateway.services.store.products.set('tea', productOf({ price: { amountMinor: 999, currency: 'GBP' } }));
    const { status, body } = await place({}, { key });
    gateway.services.store.products.set('tea', productOf({}));
    assert.deepEqual([status, body.total], [202, { amountMinor: 900, currency: 'GBP' }]);
  });

  it('detects a reused key even if the gateway’s own record is gone', async () => {
    const key = randomUUID();
    await place({}, { key });
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    const { status, body } = await place({ lines: [{ sku: 'tea', quantity: 3 }] }, { key });
    assert.deepEqual([status, body.code], [422, 'IdempotencyKeyReused']);
  });

  it('detects a reused key in a retry too, if the record of the first order is gone', async () => {
    const lines = [{ sku: 'tea', quantity: 3 }];
    for (const other of [{ lines }, { paymentMethod: 'pm_card_mastercard' }]) {
      const key = randomUUID();
      await place({}, { key });
      await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
      gateway.services.down.add('orders');
      const away = await place(other, { key });
      gateway.services.down.clear();
      assert.equal(away.status, 503);
      const { status, body } = await place(other, { key });
      assert.deepEqual([status, body.code], [422, 'IdempotencyKeyReused'], JSON.stringify(other));
    }
  });

  it('counts each order once, by its status in the response', async () => {
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

  it('gives two callers with the same key separate orders', async () => {
    const key = randomUUID();
    const [mine, theirs] = [await place({}, { key }), await place({}, { key, as: gateway.other })];
    assert.deepEqual([mine.status, theirs.status], [202, 202]);
    assert.notEqual(mine.body.id, theirs.body.id);
  });
});
