import assert from 'node:assert/strict';
import { codeOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { untilBooksAgree } from '../../stage/order-books.ts';
import {
  askReturn,
  cancelLines,
  changeAddress,
  elsewhere,
  etagOf,
  receiveReturn,
  split,
} from '../../stage/order-requests.ts';
import { advance, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import {
  type Order,
  PRICE_MINOR,
  type ShopUser,
  newCustomer,
  newProduct,
  newStaff,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const STOCKED = 5;

describe('a confirmed order', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;
  let support: ShopUser;
  let fulfilment: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    [support, fulfilment] = await Promise.all([
      newStaff(platform, admin, 'support'),
      newStaff(platform, admin, 'fulfilment'),
    ]);
  });

  /** An order of three pieces of a product of its own. */
  async function ordered(): Promise<Order & { sku: string }> {
    const sku = await newProduct(admin, STOCKED);
    return { ...(await ada.placeAndWait({ sku, quantity: 3 })), sku };
  }
  const agree = (order: Order, restocked = 0) =>
    untilBooksAgree({ platform, admin, order, stocked: STOCKED, restocked });

  test('travels in two parcels, each paid for when it leaves, and comes back within its window', async () => {
    const { id, sku } = await ordered();
    const divided = await split(fulfilment, id, [{ sku, quantity: 1 }], [{ sku, quantity: 2 }]);
    assert.equal(divided.status, 200, JSON.stringify(divided.body));
    const [one, two] = divided.body.parcels!;
    assert.deepEqual(
      divided.body.parcels!.map(({ lines, status }) => [lines[0]!.quantity, status]),
      [
        [1, 'booked'],
        [2, 'booked'],
      ],
    );
    assert.deepEqual(await parcel(platform, id), ['booking', 'booking', 'booking', 'cancellation']);

    await advance(platform, one!);
    const captured = { amountMinor: PRICE_MINOR, currency: 'GBP' };
    await ada.waitForOrder(id, {
      fulfillmentStatus: 'partially_shipped',
      paymentStatus: 'partially_captured',
      captured,
    });
    await agree(divided.body);
    await advance(platform, one!);
    await ada.waitForOrder(id, { fulfillmentStatus: 'partially_delivered', waitsFor: { what: 'dispatch' } });
    const early = await askReturn(ada, id, [{ sku, quantity: 1 }]);
    assert.deepEqual([early.status, codeOf(early)], [409, 'NotReturnable']);
    await advance(platform, two!);
    await ada.waitForOrder(id, { fulfillmentStatus: 'partially_delivered', paymentStatus: 'captured' });
    await advance(platform, two!);
    await ada.waitForOrder(id, { fulfillmentStatus: 'delivered', allowedActions: ['return'] });
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 1250', 'capture 2500']);
    await agree(divided.body);

    const asked = await askReturn(ada, id, [{ sku, quantity: 3 }]);
    assert.equal(asked.status, 201, JSON.stringify(asked.body));
    await receiveReturn(fulfilment, asked.body.id, [{ sku, quantity: 3, condition: 'resellable' }]);
    await ada.waitForOrder(id, { fulfillmentStatus: 'returned', paymentStatus: 'refunded', allowedActions: [] });
    await agree(divided.body, 3);
    await admin.waitForMails(id, 'confirmed', 'shipped', 'shipped', 'delivered', 'delivered', 'refunded');
  });

  test('is not divided into parcels that do not hold exactly what it has', async () => {
    const order = await ordered();
    const { id, sku } = order;
    for (const parcels of [
      [[{ sku, quantity: 1 }], [{ sku, quantity: 1 }]],
      [[{ sku, quantity: 3 }], [{ sku, quantity: 1 }]],
      [[{ sku, quantity: 2 }], [{ sku: 'MUG-BLUE', quantity: 1 }]],
    ]) {
      const refused = await split(fulfilment, id, ...parcels);
      assert.deepEqual([refused.status, codeOf(refused)], [409, 'LinesDiffer']);
    }
    assert.deepEqual(await parcel(platform, id), ['booking']);
    assert.deepEqual((await ada.order(id)).parcels, order.parcels);
  });

  test('loses canceled pieces: they are in stock again and are not charged', async () => {
    const order = await ordered();
    const { id, sku } = order;
    const canceled = await cancelLines(support, id, [{ sku, quantity: 1 }]);
    assert.equal(canceled.status, 202, JSON.stringify(canceled.body));
    assert.deepEqual(canceled.body.canceledLines, [{ sku, quantity: 1 }]);
    assert.equal((await agree(order)).status, 'confirmed');
    const tooMany = await cancelLines(ada, id, [{ sku, quantity: 3 }]);
    assert.deepEqual([tooMany.status, codeOf(tooMany)], [409, 'TooMany']);

    await advance(platform, canceled.body);
    await ada.waitForOrder(id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 2500', 'void 1250']);
    await admin.waitForMails(id, 'confirmed', 'changed', 'shipped');
  });

  test('loses canceled pieces after a parcel has left; the rest of the hold is released with the last', async () => {
    const order = await ordered();
    const { id, sku } = order;
    const { body: divided } = await split(fulfilment, id, [{ sku, quantity: 1 }], [{ sku, quantity: 2 }]);
    await advance(platform, divided.parcels![0]!);
    await ada.waitForOrder(id, { fulfillmentStatus: 'partially_shipped', paymentStatus: 'partially_captured' });
    const piece = { sku, quantity: 1 };
    assert.equal((await cancelLines(ada, id, [piece])).status, 202);
    assert.partialDeepStrictEqual(await agree(order), { fulfillmentStatus: 'partially_shipped' });
    const whole = await ada.cancel(id);
    assert.deepEqual([whole.status, codeOf(whole)], [409, 'TooLateToCancel']);

    assert.equal((await cancelLines(ada, id, [piece])).status, 202);
    await ada.waitForOrder(id, { status: 'confirmed', fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 1250', 'void 2500']);
    const late = await cancelLines(ada, id, [piece]);
    assert.deepEqual([late.status, codeOf(late)], [409, 'TooLateToCancel']);
  });

  test('is canceled with its last piece', async () => {
    const order = await ordered();
    const { id, sku } = order;
    assert.equal((await cancelLines(ada, id, [{ sku, quantity: 2 }])).status, 202);
    assert.equal((await cancelLines(ada, id, [{ sku, quantity: 1 }])).status, 202);
    await ada.waitForOrder(id, { status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'void 3750']);
    await admin.waitForMails(id, 'confirmed', 'changed', 'canceled');
  });

  test('goes to another address, if the caller has seen its newest version, and nothing has left', async () => {
    const order = await ordered();
    const { id } = order;
    const old = await etagOf(ada, id);
    const blind = await changeAddress(ada, id, { etag: '' });
    assert.deepEqual([blind.status, codeOf(blind)], [428, 'IfMatchRequired']);

    const changed = await changeAddress(support, id, { etag: old });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    assert.deepEqual(changed.body.shippingAddress, elsewhere());
    assert.notEqual(changed.body.trackingNumber, order.trackingNumber);
    assert.equal(changed.headers.get('etag'), await etagOf(ada, id));
    const stale = await changeAddress(ada, id, { etag: old, address: elsewhere('N2 1AA') });
    assert.deepEqual([stale.status, codeOf(stale)], [412, 'PreconditionFailed']);

    const etag = await etagOf(ada, id);
    const addresses = [elsewhere('N3 1AA'), elsewhere('N4 1AA')];
    const atOnce = await Promise.all(addresses.map((address) => changeAddress(ada, id, { etag, address })));
    assert.deepEqual(new Set(atOnce.map(({ status }) => status)), new Set([200, 412]));
    const winner = addresses[atOnce.findIndex(({ status }) => status === 200)]!;
    assert.deepEqual((await agree(order)).shippingAddress, winner);

    const nowhere = await changeAddress(ada, id, { etag: '*', address: elsewhere('00000') });
    assert.deepEqual([nowhere.status, codeOf(nowhere)], [422, 'AddressUndeliverable']);
    const after = await agree(order);
    assert.deepEqual(after.shippingAddress, winner);

    await advance(platform, after);
    await ada.waitForOrder(id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    const late = await changeAddress(ada, id, { etag: '*' });
    assert.deepEqual([late.status, codeOf(late)], [409, 'TooLateToChange']);
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 3750']);
    await admin.waitForMails(id, 'confirmed', 'changed', 'changed', 'shipped');
  });
});
