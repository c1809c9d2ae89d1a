import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { codeOf, expectStatus, responseOf } from '../../stage/api-client.ts';
import { advance } from '../../stage/outside-ledgers.ts';
import { runTool } from '../../stage/run-tool.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { type Order, type ShopUser, newCustomer } from '../../stage/shop-users.ts';

describe('npm run fast-forward', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(3);
  let ada: ShopUser;

  before(async () => {
    ada = await newCustomer(platform);
  });

  const run = (...args: string[]) => runTool(platform, 'fast-forward', ...args);

  async function delivered(): Promise<Order> {
    const order = await ada.placeAndWait({});
    await advance(platform, order);
    await advance(platform, order);
    return ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
  }

  const requestReturn = ({ id, lines: [line] }: Order) => {
    const params = { path: { orderId: id }, header: { 'Idempotency-Key': randomUUID() } };
    const body = { lines: [{ sku: line!.sku, quantity: 1 }], reason: 'too small' };
    return responseOf(ada.api.POST('/v1/orders/{orderId}/returns', { params, body }));
  };

  test('takes one order through its return window, and no other', async () => {
    const [order, other] = await Promise.all([delivered(), delivered()]);
    const { code, lines } = await run(order.number, '31d');
    assert.equal(code, 0, lines.join('\n'));
    const [before, standing, ...after] = lines;
    assert.equal(before, `before: order ${order.number} is confirmed, captured, delivered`);
    assert.match(standing!, new RegExp(`^ {2}order-${order.id}, whose time is .*: Delivered: may be returned until `));
    assert.deepEqual(after, [
      `after: order ${order.number} is completed, captured, delivered`,
      '  no workflow of it runs any more',
    ]);
    assert.deepEqual((await ada.order(order.id)).allowedActions, []);
    assert.equal(codeOf(await requestReturn(order)), 'NotReturnable');
    assert.equal((await ada.order(other.id)).status, 'confirmed');
    assert.equal((await requestReturn(other)).status, 201);
  });

  test('has a return expire whose goods do not come, found by the order’s id', async () => {
    const order = await delivered();
    const requested = await requestReturn(order);
    assert.equal(requested.status, 201, JSON.stringify(requested.body));
    const { code, lines } = await run(order.id, '61d');
    assert.equal(code, 0, lines.join('\n'));
    assert.ok(lines.some((line) => line.startsWith(`  return-${requested.body.id}, whose time is `)));
    await eventually(async () => {
      const params = { path: { orderId: order.id } };
      const { items } = await expectStatus(200, ada.api.GET('/v1/orders/{orderId}/returns', { params }));
      assert.deepEqual(
        items.map(({ status }) => status),
        ['expired'],
      );
    });
    await ada.waitForOrder(order.id, { status: 'completed' });
    const again = await run(order.id, '1d');
    assert.equal(again.code, 2);
    assert.match(again.lines[0]!, /^no workflow of order \d+ runs: it is completed, captured, delivered$/);
  });

  test('rejects an order whose customer does not confirm the payment in time', async () => {
    const { body: order } = await ada.place({
      lines: [{ sku: 'MUG-BLUE', quantity: 1 }],
      paymentMethod: 'pm_sandbox_authenticationRequired',
      shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 9GU', country: 'GB' },
    });
    await ada.waitForOrder(order.id, { paymentStatus: 'awaiting_customer' });
    const { code, lines } = await run(order.id, '31m');
    assert.equal(code, 0, lines.join('\n'));
    assert.match(lines[1]!, /: Waits for the customer to confirm the payment until /);
    const rejected = await ada.waitForOrder(order.id, { status: 'rejected' });
    assert.equal(rejected.rejection?.code, 'PaymentNotCompleted');
  });

  for (const [given, message] of [
    [['99999999', '7d'], /^there is no order 99999999: /],
    [[randomUUID(), '7d'], /^there is no order /],
    [['me', '7d'], /^there is no order me: /],
    [['10001', '7'], /^DURATION must be /],
    [['10001'], /^DURATION is missing; try: npm run fast-forward -- --help$/],
  ] as const) {
    test(`refuses ${given.join(' ')}`, async () => {
      const { code, lines } = await run(...given);
      assert.equal(code, 2);
      assert.match(lines.join('\n'), message);
    });
  }
});
