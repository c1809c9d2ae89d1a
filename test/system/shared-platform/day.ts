import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { apiClient, expectStatus } from '../../stage/api-client.ts';
import { eventually } from '../../stage/eventually.ts';
import { askRefund, changeAddress, elsewhere, etagOf, listedParcels } from '../../stage/order-requests.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { mailedTokens } from '../../stage/service-logs.ts';
import {
  type Order,
  PRICE_MINOR,
  type ShopUser,
  newCustomer,
  newGuest,
  newProduct,
  newStaff,
  orderRequest,
  signIn,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { changeAsOwner } from '../change-as-owner.ts';

const NEW_PASSWORD = 'staple correct battery horse';
const TIMEOUT_MS = 60_000;
const POLL_MS = 100;

describe('a day in the shop', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const email = `guest.${randomUUID()}@example.com`;
  let sku: string;
  let ada: ShopUser;
  let guest: ShopUser;
  let admin: ShopUser;
  let support: ShopUser;
  let fulfilment: ShopUser;
  let viewer: ShopUser;
  let order: Order;
  let rejected: Order;
  let interventionId: string;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    const roles = ['support', 'fulfilment', 'viewer'] as const;
    const staff = await Promise.all(roles.map((role) => newStaff(platform, admin, role)));
    [support, fulfilment, viewer] = staff as [ShopUser, ShopUser, ShopUser];
    sku = await newProduct(admin, 10);
  });
  const aboutOrder = () => ({ path: { orderId: order.id }, header: { 'Idempotency-Key': randomUUID() } });

  it('begins with a guest, whose order is confirmed', async () => {
    guest = await newGuest(platform, email);
    const request = { ...orderRequest({ sku, quantity: 4 }), contact: { email, name: 'Grace Hopper' } };
    const { body } = await guest.place(request, { wait: 30 });
    order = await guest.waitForOrder(body.id, { status: 'confirmed' });
    await admin.waitForMail(order.id, { template: 'confirmed', to: email, state: 'kept' });
  });

  it('support find the order by the e-mail address that the caller spells', async () => {
    const params = { query: { q: email } };
    const found = await eventually(
      async () => {
        const { items } = await expectStatus(200, support.api.GET('/v1/admin/orders', { params }));
        return items[0] ?? assert.fail(`no order of ${email}`);
      },
      TIMEOUT_MS,
      POLL_MS,
    );
    assert.deepEqual(
      [found.id, found.number, found.contact],
      [order.id, order.number, { email, name: 'Grace Hopper' }],
    );
  });

  it('support change its address before it is dispatched', async () => {
    const changed = await changeAddress(support, order.id, { etag: await etagOf(support, order.id) });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    assert.deepEqual((await guest.order(order.id)).shippingAddress, elsewhere());
    await admin.waitForMail(order.id, { template: 'changed', to: email });
  });

  it('fulfilment see that little of the product is left', async () => {
    const params = { path: { sku } };
    await expectStatus(200, fulfilment.api.PATCH('/v1/products/{sku}', { params, body: { lowStockAt: 6 } }));
    const low = { query: { low: true, limit: 100 } };
    const { items } = await expectStatus(200, fulfilment.api.GET('/v1/admin/stock', { params: low }));
    assert.partialDeepStrictEqual(
      items.find((stock) => stock.sku === sku),
      { onHand: 10, reserved: 4, available: 6, lowStockAt: 6 },
    );
  });

  it('fulfilment see that the parcel has left and is late; support note that the guest was told', async () => {
    const { trackingNumber } = await support.order(order.id);
    await advance(platform, { trackingNumber: trackingNumber! });
    await guest.waitForOrder(order.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    const sql = `update parcels set promised_by = now() - interval '1 hour' where order_id = $1`;
    await changeAsOwner(platform.ownerUrl('order'), sql, [order.id]);
    const late = (await listedParcels(fulfilment, { late: true })).filter(({ orderId }) => orderId === order.id);
    assert.deepEqual(
      late.map((parcel) => [parcel.trackingNumber, parcel.orderNumber, parcel.late]),
      [[trackingNumber, order.number, true]],
    );
    const body = { text: 'called the guest: it is on its way' };
    await expectStatus(201, support.api.POST('/v1/admin/orders/{orderId}/notes', { params: aboutOrder(), body }));
  });

  it('support refund part of it for the wait', async () => {
    const { status, body } = await askRefund(support, order.id, 500);
    assert.equal(status, 202, JSON.stringify(body));
    const refunded = { amountMinor: 500, currency: 'GBP' };
    await guest.waitForOrder(order.id, { paymentStatus: 'partially_refunded', refunded });
    assert.equal((await moneyInWords(platform, order.id)).at(-1), 'refund 500');
    await admin.waitForMail(order.id, { template: 'refunded', to: email });
  });

  it('support send the confirmation again', async () => {
    const params = { path: { orderId: order.id, kind: 'confirmed' }, header: { 'Idempotency-Key': randomUUID() } };
    await expectStatus(201, support.api.POST('/v1/admin/orders/{orderId}/mails/{kind}/resend', { params }));
    await admin.waitForMail(order.id, { template: 'confirmed', resentBy: support.id, to: email, state: 'kept' });
  });

  it('a customer who has forgotten the password gets a link, and orders with a new one', async () => {
    const anyone = apiClient(platform.api);
    const { email: address } = await expectStatus(200, ada.api.GET('/v1/users/me'));
    const links = () => mailedTokens(platform, 'pr', ada.id);
    const known = new Set(links());
    await expectStatus(202, anyone.POST('/v1/password-resets', { body: { email: address } }));
    const token = await eventually(
      () => links().find((link) => !known.has(link)) ?? assert.fail('no link yet'),
      TIMEOUT_MS,
      POLL_MS,
    );
    const reset = { params: { path: { token } }, body: { password: NEW_PASSWORD } };
    await expectStatus(204, anyone.POST('/v1/password-resets/{token}', reset));
    ada = await signIn(platform.api, { email: address, password: NEW_PASSWORD });
    rejected = await ada.placeAndWait({ sku, paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' }, 'rejected');
  });

  it('a viewer says why an order was rejected', async () => {
    const { rejection } = await viewer.order(rejected.id);
    assert.equal(rejection?.code, 'InsufficientFunds');
    const steps = (await viewer.history(rejected.id)).map(({ step, outcome }) => `${step} ${outcome}`);
    for (const step of ['authorizePayment failed', 'reserveStock compensated', 'reject succeeded']) {
      assert.ok(steps.includes(step), steps.join());
    }
  });

  it('an admin decides about an order that cannot be canceled by itself', async () => {
    const stuck = await ada.placeAndWait({ sku, paymentMethod: 'pm_sandbox_voidFails' });
    await ada.cancel(stuck.id);
    const intervention = await admin.waitForIntervention(stuck.id);
    interventionId = intervention.id;
    assert.equal(intervention.step, 'authorizePayment');
    await admin.resolve(intervention, 'skip');
    await ada.waitForOrder(stuck.id, { status: 'canceled', paymentStatus: 'requires_action' });
  });

  it('a viewer sees what was sold today', async () => {
    const report = async (by: 'sku' | 'day') => {
      const params = { query: { from: order.createdAt.slice(0, 10), by } };
      return (await expectStatus(200, viewer.api.GET('/v1/admin/reports/sales', { params }))).rows;
    };
    const gross = { amountMinor: 4 * PRICE_MINOR, currency: 'GBP' };
    assert.partialDeepStrictEqual(
      (await report('sku')).find(({ key }) => key === sku),
      { orders: 1, pieces: 4, gross },
    );
    const today = (await report('day')).find(({ key }) => key === order.createdAt.slice(0, 10))!;
    assert.ok(today.gross.amountMinor >= gross.amountMinor && today.refunded.amountMinor >= 500);
  });

  it('ends with an audit trail that names who did what, and why', async () => {
    const trail = async (subject: string) => {
      const params = { query: { subject, limit: 100 } };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/audit', { params }));
      return items.toReversed().map(({ actor, operation, reason, status }) => [actor.id, operation, reason, status]);
    };
    assert.deepEqual(await trail(order.id), [
      [support.id, 'changeOrder', undefined, 200],
      [support.id, 'addNote', undefined, 201],
      [support.id, 'askRefund', 'goodwill', 202],
      [support.id, 'resendMail', undefined, 201],
    ]);
    assert.deepEqual((await trail(sku)).at(-1), [fulfilment.id, 'changeProduct', undefined, 200]);
    assert.deepEqual(await trail(interventionId), [[admin.id, 'resolveIntervention', 'looked into it', 200]]);
    const params = { query: { actor: viewer.id } };
    assert.deepEqual((await expectStatus(200, admin.api.GET('/v1/admin/audit', { params }))).items, []);
  });
});
