import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectStatus } from '../../stage/api-client.ts';
import { eventually } from '../../stage/eventually.ts';
import { type ShopUser, newCustomer, newProduct, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

describe('at their desk, staff', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  it('send a mail of an order again', async () => {
    const { id: orderId } = await ada.placeAndWait({});
    const first = await admin.waitForMail(orderId, { template: 'confirmed', state: 'kept' });
    const resend = () => {
      const params = { path: { orderId, kind: 'confirmed' }, header: { 'Idempotency-Key': key } };
      return expectStatus(201, admin.api.POST('/v1/admin/orders/{orderId}/mails/{kind}/resend', { params }));
    };
    const key = randomUUID();
    const { id } = await resend();
    assert.equal((await resend()).id, id);
    const second = await admin.waitForMail(orderId, { resendOf: first.id, resentBy: admin.id, state: 'kept' });
    assert.deepEqual([second.id, second.text, second.to], [id, first.text, first.to]);
  });

  it('see stock that has become low, until more is there', async () => {
    const sku = await newProduct(admin, 10);
    const params = { path: { sku } };
    await expectStatus(200, admin.api.PATCH('/v1/products/{sku}', { params, body: { lowStockAt: 8 } }));
    const isLow = async () => {
      const query = { low: true, limit: 100 };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/stock', { params: { query } }));
      return items.some((stock) => stock.sku === sku);
    };
    assert.equal(await isLow(), false);
    const { id } = await ada.placeAndWait({ sku, quantity: 2 });
    assert.equal(await isLow(), true);
    await ada.cancel(id);
    await ada.waitForOrder(id, { status: 'canceled' });
    assert.equal(await isLow(), false);
    assert.equal((await admin.stock(sku)).lowStockAt, 8);
  });

  it('read what an intervention blocks, what was tried, and what they may do', async () => {
    const order = await ada.placeAndWait({ paymentMethod: 'pm_sandbox_voidFails' });
    await ada.cancel(order.id);
    const { id: interventionId } = await admin.waitForIntervention(order.id);
    const params = { path: { interventionId } };
    const read = () => expectStatus(200, admin.api.GET('/v1/admin/interventions/{interventionId}', { params }));
    const { blocks, attempts, tried, reason, allowedActions } = await read();
    assert.deepEqual(blocks, {
      orderNumber: order.number,
      customerId: ada.id,
      returnId: null,
      amount: order.total,
    });
    assert.ok(attempts >= 1);
    assert.deepEqual([tried[0]?.outcome, tried.at(-1)?.outcome], ['started', 'compensation_failed']);
    assert.equal(tried.at(-1)?.detail, reason);
    assert.deepEqual(
      allowedActions.map(({ action }) => action),
      ['retry', 'skip'],
    );
    await admin.resolve(await read(), 'retry');
    await eventually(async () => assert.equal((await read()).state, 'resolved'));
    // The void is refused again: another question, which knows of both attempts.
    const second = await admin.waitForIntervention(order.id);
    assert.ok(second.attempts > attempts);
    await admin.resolve(second, 'skip');
    await ada.waitForOrder(order.id, { status: 'canceled', paymentStatus: 'requires_action' });
    assert.deepEqual((await read()).allowedActions, []);
  });
});
