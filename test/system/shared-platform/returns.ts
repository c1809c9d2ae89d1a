import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ReceivedLine } from '../../../activities/return.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { answerOf, codeOf, expected } from '../../stage/api-client.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import {
  type Order,
  PRICE_MINOR,
  type Difference,
  type Person,
  admin,
  newCustomer,
  newProduct,
} from '../../stage/shop-people.ts';

describe('goods that come back', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(3);
  let ada: Person;
  let keeper: Person;

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  async function delivered(difference: Difference): Promise<Order> {
    const order = await ada.placed(difference);
    await advance(platform, order);
    await advance(platform, order);
    return ada.orderOnce(order.id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
  }

  const askReturn = (order: Order, quantity: number) =>
    answerOf(
      ada.api.POST('/v1/orders/{orderId}/returns', {
        params: { path: { orderId: order.id }, header: { 'Idempotency-Key': randomUUID() } },
        body: { lines: [{ sku: order.lines[0]!.sku, quantity }], reason: 'too many' },
      }),
    );

  const receive = (returnId: string, lines: ReceivedLine[], key: string = randomUUID()) =>
    answerOf(
      keeper.api.POST('/v1/returns/{returnId}/receive', {
        params: { path: { returnId }, header: { 'Idempotency-Key': key } },
        body: { lines },
      }),
    );

  const returnsOf = async ({ id }: Order) =>
    (await expected(200, ada.api.GET('/v1/orders/{orderId}/returns', { params: { path: { orderId: id } } }))).items;

  test('are paid back all, and put back on the shelf where they can be sold again', async () => {
    const sku = await newProduct(keeper, 5);
    const order = await delivered({ sku, quantity: 3 });
    const asked = await askReturn(order, 2);
    assert.equal(asked.status, 201, JSON.stringify(asked.body));
    const tooMany = await askReturn(order, 2);
    assert.deepEqual([tooMany.status, codeOf(tooMany)], [409, 'TooMany']);

    const lines: ReceivedLine[] = [
      { sku, quantity: 1, condition: 'resellable' },
      { sku, quantity: 1, condition: 'damaged' },
    ];
    const key = randomUUID();
    const first = await receive(asked.body.id, lines, key);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const partly = { paymentStatus: 'partially_refunded', fulfillmentStatus: 'partially_returned' } as const;
    await ada.orderOnce(order.id, partly);
    assert.partialDeepStrictEqual(await returnsOf(order), [
      { id: asked.body.id, status: 'refunded', refund: { amountMinor: 2 * PRICE_MINOR } },
    ]);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 3, reserved: 0 });
    assert.deepEqual((await receive(asked.body.id, lines, key)).body, first.body);
    assert.equal(codeOf(await receive(asked.body.id, lines.slice(1))), 'AlreadyReceived');

    const last = await askReturn(order, 1);
    await receive(last.body.id, [{ sku, quantity: 1, condition: 'resellable' }]);
    await ada.orderOnce(order.id, { paymentStatus: 'refunded', fulfillmentStatus: 'returned', allowedActions: [] });
    assert.deepEqual(await moneyInWords(platform, order.id), [
      'authorization 3750',
      'capture 3750',
      'refund 2500',
      'refund 1250',
    ]);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 4 });
  });

  test('are paid back once although the processor gave no answer (pm_sandbox_refundTimeout)', async () => {
    const order = await delivered({ paymentMethod: 'pm_sandbox_refundTimeout', sku: await newProduct(keeper, 1) });
    const { body } = await askReturn(order, 1);
    await receive(body.id, [{ sku: order.lines[0]!.sku, quantity: 1, condition: 'damaged' }]);
    await ada.orderOnce(order.id, { paymentStatus: 'refunded', fulfillmentStatus: 'returned' });
    assert.deepEqual(await moneyInWords(platform, order.id), REFUNDED);
  });

  test('wait for a person where the processor refuses to pay back (pm_sandbox_refundFails)', async () => {
    const order = await delivered({ paymentMethod: 'pm_sandbox_refundFails', sku: await newProduct(keeper, 1) });
    const { body } = await askReturn(order, 1);
    await receive(body.id, [{ sku: order.lines[0]!.sku, quantity: 1, condition: 'resellable' }]);
    await ada.orderOnce(order.id, { status: 'requires_action', paymentStatus: 'requires_action' });
    const asked = await keeper.intervention(order.id);
    assert.deepEqual([asked.step, asked.workflowId], ['refundPayment', `return-${body.id}`]);

    await keeper.resolve(asked, 'retry');
    const askedAgain = await keeper.intervention(order.id);
    assert.notEqual(askedAgain.id, asked.id);
    const resolved = await keeper.resolve(askedAgain, 'skip');
    assert.deepEqual([resolved.action, resolved.resolvedBy], ['skip', keeper.id]);
    // The goods are back and on the shelf; what is owed stays to be seen.
    await ada.orderOnce(order.id, { status: 'confirmed', paymentStatus: 'requires_action' });
    assert.partialDeepStrictEqual(await returnsOf(order), [{ status: 'received' }]);
    assert.partialDeepStrictEqual(await keeper.stock(order.lines[0]!.sku), { onHand: 1 });
    assert.deepEqual(await moneyInWords(platform, order.id), REFUNDED.slice(0, 2));
  });
});

const REFUNDED = [`authorization ${PRICE_MINOR}`, `capture ${PRICE_MINOR}`, `refund ${PRICE_MINOR}`];
