import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectStatus } from '../../stage/api-client.ts';
import { eventually } from '../../stage/eventually.ts';
import { type ShopUser, PRICE_MINOR, newCustomer, newProduct, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

describe('staff on the whole platform', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  let admin: ShopUser;
  before(async () => {
    admin = await signInAsAdmin(platform);
  });

  it('find an order by who placed it, note something about it, and see it in the table and the report', async () => {
    const [sku, ada] = [await newProduct(admin, 10), await newCustomer(platform)];
    const { id } = await ada.placeAndWait({ sku, quantity: 3 });
    const { email, name } = await expectStatus(200, ada.api.GET('/v1/users/me'));
    const contact = { email, name };
    // The user service's event may come after the order.
    await eventually(async () => {
      const query = { q: email.toUpperCase() };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/orders', { params: { query } }));
      assert.deepEqual(
        items.map((order) => [order.id, order.contact]),
        [[id, contact]],
      );
    });
    assert.deepEqual((await admin.order(id)).contact, contact);
    assert.equal((await ada.order(id)).contact, undefined);

    const path = { orderId: id };
    const header = { 'Idempotency-Key': randomUUID() };
    const note = admin.api.POST('/v1/admin/orders/{orderId}/notes', {
      params: { path, header },
      body: { text: 'seen' },
    });
    const { author } = await expectStatus(201, note);
    assert.equal(author.id, admin.id);

    const table = await fetch(`${platform.api}/v1/admin/orders.csv?sku=${sku}`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    const [, record] = (await table.text()).split('\r\n');
    assert.deepEqual([record!.split(',')[1], record!.includes(email)], [id, true]);

    const query = { by: 'sku' as const };
    const report = await expectStatus(200, admin.api.GET('/v1/admin/reports/sales', { params: { query } }));
    const { orders, pieces, gross } = report.rows.find(({ key }) => key === sku)!;
    assert.deepEqual([orders, pieces, gross], [1, 3, { amountMinor: 3 * PRICE_MINOR, currency: 'GBP' }]);
  });
});
