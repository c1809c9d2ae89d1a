import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OrderInput } from '../../../workflows/order/messages.ts';
import { orderBody, productOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/orders from the cart', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', name: 'Mug' }));
    fill({ tea: 2, mug: 1 });
  });
  afterEach(() => gateway.close());

  const fill = (lines: Record<string, number>) =>
    gateway.services.store.carts.set(gateway.customer.id, {
      lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
      version: 1,
    });
  const checkOut = (key = randomUUID(), difference: Record<string, unknown> = {}) => {
    const { lines: _lines, ...rest } = orderBody();
    const body = { ...rest, fromCart: true, ...difference };
    return gateway.call('POST /v1/orders', { as: gateway.customer, key, body });
  };
  const inputOf = (orderId: string) =>
    (gateway.temporal.started.get(`order-${orderId}`)!.options.args as [OrderInput])[0];

  it('orders its lines at current prices, and marks the order as from the cart', async () => {
    const { status, body } = await checkOut();
    assert.equal(status, 202);
    assert.deepEqual(body.total, { amountMinor: 1_350, currency: 'GBP' });
    const { fromCart, lines } = inputOf(body.id);
    assert.deepEqual(
      [fromCart, lines],
      [
        true,
        [
          { sku: 'tea', quantity: 2 },
          { sku: 'mug', quantity: 1 },
        ],
      ],
    );
  });

  it('is refused with both totals if the cart costs something else than the customer has seen', async () => {
    const expectedTotal = { amountMinor: 1_350, currency: 'GBP' };
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', price: { amountMinor: 500, currency: 'GBP' } }));
    const { status, body } = await checkOut(randomUUID(), { expectedTotal });
    assert.deepEqual([status, body.code], [409, 'PriceChanged']);
    const now = { amountMinor: 1_400, currency: 'GBP' };
    assert.deepEqual(body.total, now);
    assert.equal(gateway.temporal.started.size, 0);
    const key = randomUUID();
    const placed = await checkOut(key, { expectedTotal: now });
    assert.deepEqual([placed.status, placed.body.total], [202, now]);
    fill({ tea: 1 });
    await gateway.db.deleteFrom('idempotency_records').where('key', '=', key).execute();
    assert.equal((await checkOut(key, { expectedTotal: now })).body.id, placed.body.id);
  });

  it('does not read the cart if the request has lines', async () => {
    const { body } = await gateway.call('POST /v1/orders', {
      as: gateway.customer,
      key: randomUUID(),
      body: orderBody(),
    });
    assert.ok(!('fromCart' in inputOf(body.id)));
    assert.ok(!gateway.services.calls.includes('carts.getCart'));
  });

  it('needs either lines or fromCart', async () => {
    for (const difference of [{ lines: [{ sku: 'tea', quantity: 1 }] }, { fromCart: undefined }, { fromCart: false }]) {
      const { status, body } = await checkOut(randomUUID(), difference);
      assert.deepEqual([status, body.code], [400, 'InvalidRequest'], JSON.stringify(difference));
    }
  });

  it('is refused if the cart is empty or has lines that cannot be ordered', async () => {
    gateway.services.store.products.delete('mug');
    const refused = await checkOut();
    assert.deepEqual([refused.status, refused.body.code], [409, 'CartNotOrderable']);
    assert.match(refused.body.detail, /^mug: is not in the catalogue/);
    fill({});
    const empty = await checkOut();
    assert.deepEqual([empty.status, empty.body.code], [409, 'CartEmpty']);
  });

  it('is refused if a line was withdrawn from sale, and starts nothing', async () => {
    gateway.services.store.products.set('mug', productOf({ sku: 'mug', sold: false }));
    const refused = await checkOut();
    assert.deepEqual([refused.status, refused.body.code], [409, 'CartNotOrderable']);
    assert.match(refused.body.detail, /^mug: is not sold any more$/);
    assert.equal(gateway.services.store.drafts.size, 0);
    assert.equal(gateway.temporal.started.size, 0);
  });

  it('returns the first response to a repeat, whatever is in the cart then', async () => {
    const key = randomUUID();
    const first = await checkOut(key);
    fill({ tea: 9 });
    const again = await checkOut(key);
    assert.deepEqual([again.status, again.text], [first.status, first.text]);
    // Even if the gateway's own record of it is gone.
    await gateway.db.deleteFrom('idempotency_records').execute();
    const late = await checkOut(key);
    assert.deepEqual([late.status, late.body.lines], [202, first.body.lines]);
    await gateway.db.deleteFrom('idempotency_records').execute();
    assert.equal((await checkOut(key, { paymentMethod: 'pm_sandbox_slow' })).status < 500, true);
    assert.equal(gateway.temporal.started.size, 1);
  });

  it('orders the stored lines if the first attempt failed after storing them', async () => {
    const key = randomUUID();
    gateway.temporal.down = true;
    assert.equal((await checkOut(key)).status, 503);
    gateway.temporal.down = false;
    fill({ tea: 9 });
    const { status, body } = await checkOut(key);
    assert.equal(status, 202);
    assert.equal(inputOf(body.id).fromCart, true);
    assert.equal(inputOf(body.id).lines.length, 2);
  });
});
