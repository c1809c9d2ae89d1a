import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ReceivedLine } from '../../../activities/return.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { responseOf, codeOf, expectStatus } from '../../stage/api-client.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import {
  type Order,
  PRICE_MINOR,
  type OrderDifference,
  type ShopUser,
  signInAsAdmin,
  newCustomer,
  newProduct,
} from '../../stage/shop-users.ts';

describe('returned goods', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(3);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  async function delivered(difference: OrderDifference): Promise<Order> {
    const order = await ada.placeAndWait(difference);
    await advance(platform, order);
    await advance(platform, order);
    return ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
  }

  const requestReturn = (order: Order, quantity: number) =>
    responseOf(
      ada.api.POST('/v1/orders/{orderId}/returns', {
        params: { path: { orderId: order.id }, header: { 'Idempotency-Key': randomUUID() } },
        body: { lines: [{ sku: order.lines[0]!.sku, quantity }], reason: 'too many' },
      }),
    );

  const receive = (returnId: string, lines: ReceivedLine[], key: string = randomUUID()) =>
    responseOf(
      admin.api.POST('/v1/returns/{returnId}/receive', {
        params: { path: { returnId }, header: { 'Idempotency-Key': key } },
        body: { lines },
      }),
    );

  const returnsOf = async ({ id }: Order) =>
    (await expectStatus(200, ada.api.GET('/v1/orders/{orderId}/returns', { params: { path: { orderId: id } } }))).items;

  test('are refunded, and restocked if they can be sold again', async () => {
    const sku = await newProduct(admin, 5);
    const order = await delivered({ sku, quantity: 3 });
    const requested = await requestReturn(order, 2);
    assert.equal(requested.status, 201, JSON.stringify(requested.body));
    const tooMany = await requestReturn(order, 2);
    assert.deepEqual([tooMany.status, codeOf(tooMany)], [409, 'TooMany']);

    const lines: ReceivedLine[] = [
      { sku, quantity: 1, condition: 'resellable' },
      { sku, quantity: 1, condition: 'damaged' },
    ];
    const key = randomUUID();
    const first = await receive(requested.body.id, lines, key);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const partly = { paymentStatus: 'partially_refunded', fulfillmentStatus: 'partially_returned' } as const;
    await ada.waitForOrder(order.id, partly);
    assert.partialDeepStrictEqual(await returnsOf(order), [
      { id: requested.body.id, status: 'refunded', refund: { amountMinor: 2 * PRICE_MINOR } },
    ]);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 3, reserved: 0 });
    assert.deepEqual((await receive(requested.body.id, lines, key)).body, first.body);
    assert.equal(codeOf(await receive(requested.body.id, lines.slice(1))), 'AlreadyReceived');

    const last = await requestReturn(order, 1);
    await receive(last.body.id, [{ sku, quantity: 1, condition: 'resellable' }]);
    await ada.waitForOrder(order.id, { paymentStatus: 'refunded', fulfillmentStatus: 'returned', allowedActions: [] });
    assert.deepEqual(await moneyInWords(platform, order.id), [
      'authorization 3750',
      'capture 3750',
      'refund 2500',
      'refund 1250',
    ]);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 4 });
  });

  test('are refunded once although the processor did not respond (pm_sandbox_refundTimeout)', async () => {
    const order = await delivered({ paymentMethod: 'pm_sandbox_refundTimeout', sku: await newProduct(admin, 1) });
    const { body } = await requestReturn(order, 1);
    await receive(body.id, [{ sku: order.lines[0]!.sku, quantity: 1, condition: 'damaged' }]);
    await ada.waitForOrder(order.id, { paymentStatus: 'refunded', fulfillmentStatus: 'returned' });
    assert.deepEqual(await moneyInWords(platform, order.id), REFUNDED);
  });

  test('wait for a person if the processor refuses the refund (pm_sandbox_refundFails)', async () => {
    const order = await delivered({ paymentMethod: 'pm_sandbox_refundFails', sku: await newProduct(admin, 1) });
    const { body } = await requestReturn(order, 1);
    await receive(body.id, [{ sku: order.lines[0]!.sku, quantity: 1, condition: 'resellable' }]);
    await ada.waitForOrder(order.id, { status: 'requires_action', paymentStatus: 'requires_action' });
    const intervention = await admin.waitForIntervention(order.id);
    assert.deepEqual([intervention.step, intervention.workflowId], ['refundPayment', `return-${body.id}`]);

    await admin.resolve(intervention, 'retry');
    const reopened = await admin.waitForIntervention(order.id);
    assert.notEqual(reopened.id, intervention.id);
    const resolved = await admin.resolve(reopened, 'skip');
    assert.deepEqual([resolved.action, resolved.resolvedBy], ['skip', admin.id]);
    // The goods are back and restocked; the money was not refunded.
    await ada.waitForOrder(order.id, {
      status: 'confirmed',
      paymentStatus: 'requires_action',
      fulfillmentStatus: 'returned',
      allowedActions: [],
    });
    await eventually(async () => {
      assert.partialDeepStrictEqual(await returnsOf(order), [{ status: 'not_refunded' }]);
    });
    assert.partialDeepStrictEqual(await admin.stock(order.lines[0]!.sku), { onHand: 1 });
    assert.deepEqual(await moneyInWords(platform, order.id), REFUNDED.slice(0, 2));
  });
});

const REFUNDED = [`authorization ${PRICE_MINOR}`, `capture ${PRICE_MINOR}`, `refund ${PRICE_MINOR}`];
