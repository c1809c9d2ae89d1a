import assert from 'node:assert/strict';
import type { WebhookEventType } from '../../../activities/webhook.ts';
import { codeOf, expectStatus } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { untilBooksAgree } from '../../stage/order-books.ts';
import { decide, listedParcels } from '../../stage/order-requests.ts';
import { advance, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { type Order, type ShopUser, newCustomer, newProduct, newStaff, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Receiver, startReceiver } from '../../stage/webhook-receiver.ts';
import { changeAsOwner } from '../change-as-owner.ts';

const STOCKED = 5;
const PAID = ['authorization 2500', 'capture 2500'];

describe('a parcel that does not arrive as it should', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;
  let fulfilment: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    fulfilment = await newStaff(platform, admin, 'fulfilment');
  });

  /** An order of two pieces, whose parcel has left and is paid for. */
  async function sent(customer = ada): Promise<Order & { sku: string }> {
    const sku = await newProduct(admin, STOCKED);
    const order = await customer.placeAndWait({ sku, quantity: 2 });
    await advance(platform, order);
    await admin.waitForStock(sku, { onHand: STOCKED - 2, reserved: 0 });
    return { ...order, sku };
  }
  async function missing(trouble: 'lost' | 'returned_to_sender'): Promise<Order & { sku: string }> {
    const order = await sent();
    await advance(platform, order, trouble);
    await ada.waitForOrder(order.id, { fulfillmentStatus: trouble, waitsFor: { what: 'parcel_decision' } });
    return order;
  }
  const agree = (order: Order, restocked = 0) =>
    untilBooksAgree({ platform, admin, order, stocked: STOCKED, restocked });
  const decided = async (order: Order, action: 'resend' | 'refund' | 'wait') => {
    const { status, body } = await decide(fulfilment, order.id, action);
    assert.equal(status, 202, JSON.stringify(body));
    assert.partialDeepStrictEqual(body, { id: order.id, decided: { action, by: fulfilment.id } });
  };
  /** The parcel that was booked in the place of the order's first. */
  const resent = async ({ id }: Order) => {
    const { parcels } = await ada.order(id);
    return parcels!.find((one) => one.id !== id && one.status === 'booked') ?? assert.fail('nothing is booked again');
  };
  const arrives = async ({ id }: Order, trackingNumber: string) => {
    for (const _step of ['dispatched', 'delivered']) await advance(platform, { trackingNumber });
    return ada.waitForOrder(id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
  };

  test('is delayed: its customer is told, and it arrives', async () => {
    const order = await sent();
    const nothing = await decide(fulfilment, order.id, 'resend');
    assert.deepEqual([nothing.status, codeOf(nothing)], [409, 'NothingToResolve']);
    await advance(platform, order, 'delayed');
    await admin.waitForMail(order.id, { template: 'parcel-delayed' });
    assert.partialDeepStrictEqual(await agree(order), { fulfillmentStatus: 'shipped' });
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered' });
    await agree(order);
    await admin.waitForMails(order.id, 'confirmed', 'shipped', 'parcel-delayed', 'delivered');
  });

  test('is lost and sent again: its pieces are reserved once more, and nothing is charged again', async () => {
    const order = await missing('lost');
    assert.ok((await listedParcels(fulfilment, { status: 'lost' })).some(({ id }) => id === order.id));
    await decided(order, 'resend');
    assert.partialDeepStrictEqual(await admin.stock(order.sku), { onHand: 3, reserved: 2 });
    const again = await resent(order);
    assert.deepEqual(again.lines, [{ sku: order.sku, quantity: 2 }]);
    await agree(order);
    await arrives(order, again.trackingNumber!);
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, order.id), PAID);
    await admin.waitForMails(order.id, 'confirmed', 'shipped', 'parcel-lost', 'shipped', 'delivered');
  });

  test('is lost, and cannot be sent again where nothing is in stock: it is still to be decided', async () => {
    const sku = await newProduct(admin, 1);
    const order = await ada.placeAndWait({ sku });
    await advance(platform, order, 'lost');
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'lost' });
    const refused = await decide(fulfilment, order.id, 'resend');
    assert.deepEqual([refused.status, codeOf(refused)], [409, 'OutOfStock']);
    await untilBooksAgree({ platform, admin, order, stocked: 1 });
    assert.deepEqual((await ada.order(order.id)).waitsFor, { what: 'parcel_decision' });
    await decided(order, 'refund');
  });

  test('is lost and refunded: what was paid for it is given back', async () => {
    const order = await missing('lost');
    await decided(order, 'refund');
    await ada.waitForOrder(order.id, { status: 'completed', fulfillmentStatus: 'canceled', paymentStatus: 'refunded' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, order.id), [...PAID, 'refund 2500']);
    await admin.waitForMails(order.id, 'confirmed', 'shipped', 'parcel-lost', 'refunded');
  });

  test('is lost and waited for: it may still arrive', async () => {
    const order = await missing('lost');
    await decided(order, 'wait');
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, order.id), PAID);
  });

  test('comes back and is sent again: what came back is in stock, and leaves it once more', async () => {
    const order = await missing('returned_to_sender');
    assert.deepEqual(await parcel(platform, order.id), ['booking', 'dispatch', 'return']);
    await decided(order, 'resend');
    assert.partialDeepStrictEqual(await admin.stock(order.sku), { onHand: STOCKED, reserved: 2 });
    const again = await resent(order);
    await arrives(order, again.trackingNumber!);
    await agree(order, 2);
    assert.deepEqual(await moneyInWords(platform, order.id), PAID);
    await admin.waitForMails(order.id, 'confirmed', 'shipped', 'parcel-returned-to-sender', 'shipped', 'delivered');
  });

  test('comes back and is refunded: what came back is in stock', async () => {
    const order = await missing('returned_to_sender');
    await decided(order, 'refund');
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'canceled', paymentStatus: 'refunded' });
    await agree(order, 2);
    assert.deepEqual(await moneyInWords(platform, order.id), [...PAID, 'refund 2500']);
    await admin.waitForMails(order.id, 'confirmed', 'shipped', 'parcel-returned-to-sender', 'refunded');
  });

  test('is late: staff see it until it arrives', async () => {
    const order = await sent();
    const isLate = async () => (await listedParcels(fulfilment, { late: true })).some(({ id }) => id === order.id);
    assert.equal(await isLate(), false);
    const sql = `update orders set promised_by = now() - interval '1 hour' where id = $1`;
    await changeAsOwner(platform.ownerUrl('order'), sql, [order.id]);
    assert.equal(await isLate(), true);
    const query = { late: true, q: order.number };
    const { items } = await expectStatus(200, fulfilment.api.GET('/v1/admin/orders', { params: { query } }));
    assert.deepEqual(
      items.map(({ id }) => id),
      [order.id],
    );
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered' });
    assert.equal(await isLate(), false);
  });

  test('is told to its customer’s own system', async () => {
    const receiver = await startReceiver();
    try {
      const customer = await newCustomer(platform);
      const events: WebhookEventType[] = [
        'order.parcel_delayed',
        'order.parcel_lost',
        'order.parcel_returned_to_sender',
      ];
      await expectStatus(201, customer.api.POST('/v1/webhook-endpoints', { body: { url: receiver.url, events } }));
      const order = await sent(customer);
      for (const trouble of ['delayed', 'lost', 'returned_to_sender'] as const) {
        await advance(platform, order, trouble);
        await eventually(() => assert.equal(messages(receiver).at(-1)?.type, `order.parcel_${trouble}`), 60_000, 100);
      }
      assert.deepEqual(
        messages(receiver).map(({ type }) => type),
        events,
      );
      for (const { data } of messages(receiver)) {
        assert.partialDeepStrictEqual(data, {
          orderId: order.id,
          parcelId: order.id,
          trackingNumber: order.trackingNumber,
        });
      }
      await decided(order, 'refund');
    } finally {
      await receiver.close();
    }
  });
});

const messages = ({ received }: Receiver) =>
  received.map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> });
