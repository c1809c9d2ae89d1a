import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { apiClient, codeOf, expectStatus, responseOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { advance } from '../../stage/outside-ledgers.ts';
import { mailedTokens, serviceLogs } from '../../stage/service-logs.ts';
import {
  PASSWORD,
  type ShopUser,
  guestWith,
  newCustomer,
  newGuest,
  newProduct,
  newStaff,
  orderRequest,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const TIMEOUT_MS = 60_000;
const POLL_MS = 100;

describe('guests', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  const anyone = () => apiClient(platform.api);
  let admin: ShopUser;
  before(async () => {
    admin = await signInAsAdmin(platform);
  });

  const newEmail = () => `guest.${randomUUID()}@Example.com`;
  /** The first text in the services' logs that this finds: without a mail server the links of mails are there. */
  const inLogs = (pattern: RegExp): Promise<string> =>
    eventually(
      () => pattern.exec(serviceLogs(platform))?.[1] ?? assert.fail(`no ${pattern.source} in the logs`),
      TIMEOUT_MS,
      POLL_MS,
    );
  const tokenOf = (orderId: string) => inLogs(new RegExp(`guest-orders/${orderId}#(go_[\\w-]{43})`));
  const openLink = (token: string) => responseOf(anyone().POST('/v1/guests/{token}', { params: { path: { token } } }));
  const statusOf = async (caller: ShopUser, orderId: string): Promise<number> =>
    (await responseOf(caller.api.GET('/v1/orders/{orderId}', { params: { path: { orderId } } }))).status;
  const verify = async (user: ShopUser) => {
    const known = new Set(verificationTokens(user));
    const header = { 'Idempotency-Key': randomUUID() };
    await expectStatus(202, user.api.POST('/v1/email-verifications', { params: { header } }));
    const token = await eventually(
      () => verificationTokens(user).find((one) => !known.has(one)) ?? assert.fail('no link yet'),
      TIMEOUT_MS,
      POLL_MS,
    );
    await expectStatus(204, anyone().POST('/v1/email-verifications/{token}', { params: { path: { token } } }));
  };
  const verificationTokens = ({ id }: ShopUser) => mailedTokens(platform, 'ev', id);
  const untilOwnedBy = (user: ShopUser, orderId: string) =>
    eventually(async () => assert.equal(await statusOf(user, orderId), 200), TIMEOUT_MS, POLL_MS);

  test('order from a cart, come back by the link of the mail, and find the order in their account', async () => {
    const email = newEmail();
    const guest = await newGuest(platform, email);
    const sku = await newProduct(admin, 5);
    await guest.setCartLine(sku, 2);
    const { lines: _lines, ...request } = orderRequest();
    const placed = await guest.place({ ...request, fromCart: true, contact: { email, name: 'Ada Byron' } });
    assert.equal(placed.status, 202, JSON.stringify(placed.body));
    const { id } = await guest.waitForOrder(placed.body.id, { status: 'confirmed' });
    assert.deepEqual(await guest.cartLines(), []);
    const mail = await admin.waitForMail(id, { template: 'confirmed', state: 'kept' });
    assert.deepEqual([mail.to, mail.customerId], [email, guest.id]);
    assert.match(mail.text!, /^Hello Ada Byron,[\s\S]*Your order is here: \[link\]/);
    const found = await eventually(async () => {
      const params = { query: { q: email } };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/orders', { params }));
      return items[0] ?? assert.fail('not found by the address');
    });
    assert.deepEqual([found.id, found.contact], [id, { email, name: 'Ada Byron' }]);

    const token = await tokenOf(id);
    const later = [await openLink(token), await openLink(token)];
    assert.deepEqual(
      later.map(({ status }) => status),
      [201, 201],
    );
    const back = guestWith(platform.api, later[0]!.body.accessToken);
    assert.deepEqual(
      (await back.orders()).map((order) => order.id),
      [id],
    );

    const eve = await newGuest(platform, email);
    const ada = await newCustomer(platform, email.toLowerCase());
    for (const stranger of [eve, ada]) assert.equal(await statusOf(stranger, id), 404);
    await verify(ada);
    await untilOwnedBy(ada, id);
    for (const stranger of [guest, back, eve]) {
      assert.equal(await statusOf(stranger, id), 404);
      assert.deepEqual(await stranger.orders(), []);
    }
    assert.equal((await openLink(token)).status, 404);
    const refused = await guest.place(orderRequest({ sku }));
    assert.deepEqual([refused.status, codeOf(refused)], [401, 'SessionEnded']);
    await advance(platform, found);
    const shipped = await admin.waitForMail(id, { template: 'shipped', state: 'kept' });
    assert.deepEqual([shipped.customerId, shipped.to], [ada.id, email.toLowerCase()]);
    assert.doesNotMatch(shipped.text!, /link/);
  });

  test('who ordered after the address was verified find the order at the next sign-in', async () => {
    const email = newEmail();
    const ada = await newCustomer(platform, email);
    await verify(ada);
    const guest = await newGuest(platform, email);
    const { id } = await guest.placeAndWait({});
    assert.deepEqual([await statusOf(ada, id), await statusOf(guest, id)], [404, 200]);
    await expectStatus(201, anyone().POST('/v1/sessions', { body: { email, password: PASSWORD } }));
    await untilOwnedBy(ada, id);
    assert.equal(await statusOf(guest, id), 404);
  });

  test('keep their orders while nobody has verified the address, and cancel and return them', async () => {
    const email = newEmail();
    const guest = await newGuest(platform, email);
    const [canceled, kept] = [await guest.placeAndWait({}), await guest.placeAndWait({})];
    const mallory = await newCustomer(platform, email);
    await expectStatus(201, anyone().POST('/v1/sessions', { body: { email, password: PASSWORD } }));
    assert.deepEqual(await mallory.orders(), []);
    assert.equal((await guest.cancel(canceled.id)).status, 202);
    await guest.waitForOrder(canceled.id, { status: 'canceled' });
    await advance(platform, kept);
    await advance(platform, kept);
    await guest.waitForOrder(kept.id, { fulfillmentStatus: 'delivered' });
    const params = { path: { orderId: kept.id }, header: { 'Idempotency-Key': randomUUID() } };
    const body = { lines: [{ sku: kept.lines[0]!.sku, quantity: 1 }], reason: 'broken' };
    const { id: returnId } = await expectStatus(201, guest.api.POST('/v1/orders/{orderId}/returns', { params, body }));
    assert.equal((await mallory.cancel(kept.id)).status, 404);
    await verify(mallory);
    await untilOwnedBy(mallory, kept.id);
    const list = { params: { path: { orderId: kept.id } } };
    const { items } = await expectStatus(200, mallory.api.GET('/v1/orders/{orderId}/returns', list));
    assert.deepEqual(
      items.map(({ id }) => id),
      [returnId],
    );
  });
});

describe('refunds by support', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  let admin: ShopUser;
  let support: ShopUser;
  before(async () => {
    admin = await signInAsAdmin(platform);
    support = await newStaff(platform, admin, 'support');
  });

  it('are limited to 200 of an order, however they are split; admins are not', async () => {
    const ada = await newCustomer(platform);
    const sku = await newProduct(admin, 30);
    const order = await ada.placeAndWait({ sku, quantity: 20 });
    await advance(platform, order);
    await ada.waitForOrder(order.id, { paymentStatus: 'captured' });
    const ask = (caller: ShopUser, amountMinor: number) =>
      responseOf(
        caller.api.POST('/v1/admin/orders/{orderId}/refunds', {
          params: { path: { orderId: order.id }, header: { 'Idempotency-Key': randomUUID() } },
          body: { amount: { amountMinor, currency: 'GBP' }, reason: 'goodwill' },
        }),
      );
    const whole = await ask(support, 20_001);
    assert.deepEqual([whole.status, codeOf(whole)], [403, 'RefundAboveLimit']);
    const parts = await Promise.all(Array.from({ length: 8 }, () => ask(support, 4_000)));
    assert.deepEqual(
      Object.groupBy(parts, ({ status }) => status)[403]?.map(codeOf),
      Array(3).fill('RefundAboveLimit'),
    );
    assert.equal(parts.filter(({ status }) => status === 202).length, 5);
    assert.equal((await ask(admin, 1_000)).status, 202);
  });
});
