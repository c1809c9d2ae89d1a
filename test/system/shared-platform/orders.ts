import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { orderWorkflowId } from '../../../workflows/order/messages.ts';
import { customerIdAttribute, orderStatusAttribute } from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { codeOf, expectStatus } from '../../stage/api-client.ts';
import { advance, money, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import {
  PRICE_MINOR,
  type ShopUser,
  signInAsAdmin,
  wasRetried,
  newCustomer,
  newProduct,
  orderRequest,
} from '../../stage/shop-users.ts';

describe('orders on the whole platform', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  let ada: ShopUser;
  let admin: ShopUser;
  const test = concurrently(4);

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  test('carries an order from placed to paid, shipped and delivered, and records its history', async () => {
    const sku = await newProduct(admin, 10);
    const { status, headers, body } = await ada.place(orderRequest({ sku, quantity: 3 }), { wait: 30 });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(headers.get('preference-applied'), 'wait=30');
    assert.equal(headers.get('location'), `/v1/orders/${body.id}`);
    const { id, trackingNumber } = body;
    assert.partialDeepStrictEqual(body, {
      status: 'confirmed',
      paymentStatus: 'authorized',
      fulfillmentStatus: 'booked',
      total: { amountMinor: 3 * PRICE_MINOR, currency: 'GBP' },
      allowedActions: ['cancel'],
    });
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 10, reserved: 3, available: 7 });

    await advance(platform, body);
    await ada.waitForOrder(id, { paymentStatus: 'captured', fulfillmentStatus: 'shipped' });
    await advance(platform, body);
    await ada.waitForOrder(id, { status: 'confirmed', fulfillmentStatus: 'delivered', allowedActions: ['return'] });

    const history = await ada.history(id);
    assert.deepEqual(
      history.map(({ step, outcome }) => `${step} ${outcome}`),
      DELIVERED_HISTORY,
    );
    assert.deepEqual(
      history.map(({ at }) => at),
      history.map(({ at }) => at).toSorted(),
    );
    assert.ok(history.filter(({ step, outcome }) => DURABLE.test(step) && outcome === 'succeeded').every(hasAttempt));
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 3750']);
    assert.deepEqual(await parcel(platform, id), ['booking', 'dispatch', 'delivery']);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 7, reserved: 0 });
    assert.ok(trackingNumber);
  });

  test('has one readable workflow per order in Temporal, which is found by status and customer', async () => {
    const customer = await newCustomer(platform);
    const [confirmed, rejected] = await Promise.all([
      customer.placeAndWait({}),
      customer.placeAndWait({ paymentMethod: 'pm_card_chargeDeclined' }, 'rejected'),
    ]);
    await inTemporal(platform.setting('TEMPORAL_PORT'), async (client) => {
      const found = async (query: string) => {
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
        return ids;
      };
      // The search attributes and Temporal's lists are updated shortly after the responses.
      await eventually(async () => {
        const query = `CustomerId = '${customer.id}' AND OrderStatus`;
        assert.deepEqual(await found(`${query} = 'confirmed'`), [orderWorkflowId(confirmed.id)]);
        assert.deepEqual(await found(`${query} = 'rejected'`), [orderWorkflowId(rejected.id)]);
      });

      const running = await client.workflow.getHandle(orderWorkflowId(confirmed.id)).describe();
      assert.equal(running.status.name, 'RUNNING');
      assert.match((await running.staticSummary())!, /^1 line, £12\.50, customer /);
      assert.equal(running.typedSearchAttributes.get(orderStatusAttribute), 'confirmed');
      assert.equal(running.typedSearchAttributes.get(customerIdAttribute), customer.id);
      // A rejected order is no failure: its workflow completes.
      const over = client.workflow.getHandle(orderWorkflowId(rejected.id));
      await over.result();
      assert.equal((await over.describe()).status.name, 'COMPLETED');
    });
  });

  test('responds 202 at once without Prefer: wait, and lists the order', async () => {
    const customer = await newCustomer(platform);
    const { status, body } = await customer.place(orderRequest());
    assert.deepEqual([status, body.status], [202, 'pending']);
    await customer.waitForOrder(body.id, { status: 'confirmed' });
    const items = await customer.orders({ status: 'confirmed' });
    assert.deepEqual(
      items.map(({ id }) => id),
      [body.id],
    );
  });

  test('places one order for one key, no matter how many concurrent requests there are', async () => {
    const customer = await newCustomer(platform);
    const key = randomUUID();
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => customer.place(orderRequest(), { key, wait: 30 })),
    );
    // Any of them may come first, and the last may already get the first one's response as a replay.
    const fresh = responses.filter(({ status, headers }) => status === 201 && !headers.has('idempotent-replayed'));
    assert.equal(fresh.length, 1);
    const first = fresh[0]!;
    for (const answer of responses) {
      if (answer.status === 409) assert.equal(codeOf(answer), 'RequestInProgress');
      else assert.deepEqual([answer.status, answer.body], [201, first.body]);
    }
    const again = await customer.place(orderRequest(), { key });
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');

    const other = await customer.place(orderRequest({ quantity: 2 }), { key });
    assert.deepEqual([other.status, codeOf(other)], [422, 'IdempotencyKeyReused']);
    const items = await customer.orders();
    assert.equal(items.length, 1);
    assert.equal((await money(platform, first.body.id)).length, 1);
  });

  test('hides an order from other customers', async () => {
    const { id } = await ada.placeAndWait({});
    const eve = await newCustomer(platform);
    for (const path of [
      '/v1/orders/{orderId}',
      '/v1/orders/{orderId}/history',
      '/v1/orders/{orderId}/returns',
    ] as const) {
      await expectStatus(404, eve.api.GET(path, { params: { path: { orderId: id } } }));
    }
    assert.equal((await eve.cancel(id)).status, 404);
    assert.equal((await ada.order(id)).status, 'confirmed');
    assert.equal((await admin.order(id)).id, id);
    await expectStatus(403, eve.api.GET('/v1/admin/interventions'));
  });

  test('sells the last pieces once each to concurrent buyers', async () => {
    const sku = await newProduct(admin, 3);
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => ada.place(orderRequest({ sku }), { wait: 30 })),
    );
    const orders = responses.map(({ body }) => body);
    assert.equal(orders.filter(({ status }) => status === 'confirmed').length, 3);
    assert.equal(orders.filter(({ rejection }) => rejection?.code === 'OutOfStock').length, 7);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 3, reserved: 3, available: 0 });
  });

  test('does not charge for what is out of stock', async () => {
    const sku = await newProduct(admin, 2);
    const order = await ada.placeAndWait({ sku, quantity: 3 }, 'rejected');
    assert.equal(order.rejection?.code, 'OutOfStock');
    assert.match(order.rejection.detail, new RegExp(sku));
    const left = wasRetried(await ada.history(order.id)) ? ['canceled', 'canceled'] : ['not_paid', 'not_fulfilled'];
    assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], left);
    assert.deepEqual(await money(platform, order.id), []);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 2, reserved: 0 });
  });

  test('compensates every step once when an order is canceled, and refuses after the dispatch', async () => {
    const sku = await newProduct(admin, 5);
    const { id } = await ada.placeAndWait({ sku, quantity: 2 });
    assert.equal((await ada.cancel(id, 'ordered twice')).status, 202);
    await ada.waitForOrder(id, { status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' });
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 2500', 'void 2500']);
    assert.deepEqual(await parcel(platform, id), ['booking', 'cancellation']);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 5, reserved: 0 });

    const left = await ada.placeAndWait({ sku });
    await advance(platform, left);
    await ada.waitForOrder(left.id, { fulfillmentStatus: 'shipped' });
    const late = await ada.cancel(left.id);
    assert.deepEqual([late.status, codeOf(late)], [409, 'TooLateToCancel']);
  });

  test('cancels an order during its authorization', async () => {
    const id = await canceledDuringAuthorization();
    // The processor may still authorize the payment. In any case no money may stay authorized.
    await sleep(LATE_RESPONSE_MS);
    const types = (await money(platform, id)).map(({ type }) => type);
    assert.ok(['', 'authorization,void'].includes(types.join()), types.join());
    assert.deepEqual(await parcel(platform, id), []);
  });

  /** The processor takes 3 s to respond. If the cancellation comes too late, another order is tried. */
  async function canceledDuringAuthorization(): Promise<string> {
    for (;;) {
      const { id } = (await ada.place(orderRequest({ paymentMethod: 'pm_sandbox_slow' }))).body;
      const authorizing = async () => (await ada.history(id)).filter(({ step }) => step === 'authorizePayment');
      await eventually(async () => assert.notEqual((await authorizing()).length, 0));
      assert.equal((await ada.cancel(id)).status, 202);
      await ada.waitForOrder(id, { status: 'canceled' });
      if (!(await authorizing()).some(({ outcome }) => outcome === 'succeeded')) return id;
    }
  }
});

const DELIVERED_HISTORY = [
  ...PLACED_HISTORY,
  'dispatch succeeded',
  'capturePayment started',
  'capturePayment succeeded',
  'commitStock started',
  'commitStock succeeded',
  'deliver succeeded',
];
/** Longer than the processor takes for `pm_sandbox_slow`. */
const LATE_RESPONSE_MS = 4_000;
const DURABLE = /Stock|Payment|Shipment/;

const hasAttempt = ({ attempt }: { attempt?: number | undefined }): boolean => attempt !== undefined && attempt >= 1;

async function inTemporal(port: string, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  await use(new Client({ connection })).finally(() => connection.close());
}
