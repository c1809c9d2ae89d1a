import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderBody, productOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/orders with products that were withdrawn from sale', () => {
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

  it('points at every one, beside unknown SKUs, and starts nothing', async () => {
    const { drafts } = gateway.services.store;
    const [draftsBefore, startedBefore] = [drafts.size, gateway.temporal.started.size];
    gateway.services.store.products.set('gone', productOf({ sku: 'gone', sold: false }));
    const lines = ['tea', 'gone', 'none'].map((sku) => ({ sku, quantity: 1 }));
    const { status, body } = await place({ lines });
    assert.deepEqual([status, body.code], [400, 'InvalidRequest']);
    assert.deepEqual(body.errors, [
      { pointer: '/lines/2/sku', detail: 'is not in the catalogue' },
      { pointer: '/lines/1/sku', detail: 'is not sold any more' },
    ]);
    assert.deepEqual([drafts.size, gateway.temporal.started.size], [draftsBefore, startedBefore]);
  });

  it('goes by whether a product is sold at the moment in which the prices are frozen', async () => {
    const { before, store } = gateway.services;
    const setSold = (sold: boolean) => store.products.set('pot', productOf({ sku: 'pot', sold }));
    const lines = [{ sku: 'pot', quantity: 1 }];
    setSold(true);
    before.set('products.getProducts', () => void setSold(false));
    const withdrawnBefore = await place({ lines });
    before.clear();
    setSold(true);
    before.set('orders.placeOrder', () => void setSold(false));
    const key = randomUUID();
    const withdrawnAfter = await place({ lines }, { key });
    before.clear();
    assert.deepEqual([withdrawnBefore.status, withdrawnAfter.status], [400, 202]);
    // The order stays placed: a repeat returns it, also without the gateway's own record of it.
    await gateway.db.deleteFrom('idempotency_records').execute();
    const again = await place({ lines }, { key });
    assert.deepEqual([again.status, again.body.id], [202, withdrawnAfter.body.id]);
  });
});
