import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { orderWorkflowId } from '../../../workflows/order/messages.ts';
import { customerIdAttribute, orderStatusAttribute } from '../../../workflows/saga/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { PLACED_HISTORY } from '../../stage/placed-history.ts';
import { codeOf, expected } from '../../stage/api-client.ts';
import { advance, money, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { PRICE_MINOR, type Person, admin, askedAgain, newCustomer, newProduct, wish } from '../../stage/shop-people.ts';

describe('orders on the whole platform', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  let ada: Person;
  let keeper: Person;
  const test = concurrently(4);

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  test('carries an order from placed to paid, shipped and delivered, and tells the whole story', async () => {
    const sku = await newProduct(keeper, 10);
    const { status, headers, body } = await ada.place(wish({ sku, quantity: 3 }), { wait: 30 });
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
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 10, reserved: 3, available: 7 });

    await advance(platform, body);
    await ada.orderOnce(id, { paymentStatus: 'captured', fulfillmentStatus: 'shipped' });
    await advance(platform, body);
    await ada.orderOnce(id, { status: 'confirmed', fulfillmentStatus: 'delivered', allowedActions: ['return'] });

    const history = await ada.history(id);
    assert.deepEqual(
      history.map(({ step, outcome }) => `${step} ${outcome}`),
      WHOLE_STORY,
    );
    assert.deepEqual(
      history.map(({ at }) => at),
      history.map(({ at }) => at).toSorted(),
    );
    assert.ok(history.filter(({ step, outcome }) => DURABLE.test(step) && outcome === 'succeeded').every(hasAttempt));
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 3750', 'capture 3750']);
    assert.deepEqual(await parcel(platform, id), ['booking', 'dispatch', 'delivery']);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 7, reserved: 0 });
    assert.ok(trackingNumber);
  });

  test('is one readable workflow an order in Temporal, found by status and customer', async () => {
    const customer = await newCustomer(platform);
    const [confirmed, rejected] = await Promise.all([
      customer.placed({}),
      customer.placed({ paymentMethod: 'pm_card_chargeDeclined' }, 'rejected'),
    ]);
    await inTemporal(platform.setting('TEMPORAL_PORT'), async (client) => {
      const found = async (query: string) => {
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
        return ids;
      };
      // Their workflows say so a moment after the answers, and the lists after them.
      await eventually(async () => {
        const query = `CustomerId = '${customer.id}' AND OrderStatus`;
        assert.deepEqual(await found(`${query} = 'confirmed'`), [orderWorkflowId(confirmed.id)]);
        assert.deepEqual(await found(`${query} = 'rejected'`), [orderWorkflowId(rejected.id)]);
      });

      const running = await client.workflow.getHandle(orderWorkflowId(confirmed.id)).describe();
      assert.equal(running.status.name, 'RUNNING');
      assert.match((await running.staticSummary())!, /^1 line, 12\.50 GBP, customer /);
      assert.equal(running.typedSearchAttributes.get(orderStatusAttribute), 'confirmed');
      assert.equal(running.typedSearchAttributes.get(customerIdAttribute), customer.id);
      // A rejected order is business as usual: its workflow did what it was for.
      const over = client.workflow.getHandle(orderWorkflowId(rejected.id));
      await over.result();
      assert.equal((await over.describe()).status.name, 'COMPLETED');
    });
  });

  test('answers 202 at once where nobody waits, and lists the order', async () => {
    const customer = await newCustomer(platform);
    const { status, body } = await customer.place(wish());
    assert.deepEqual([status, body.status], [202, 'pending']);
    await customer.orderOnce(body.id, { status: 'confirmed' });
    const items = await customer.orders({ status: 'confirmed' });
    assert.deepEqual(
      items.map(({ id }) => id),
      [body.id],
    );
  });

  test('places one order for one key, however often and however close together it is asked', async () => {
    const customer = await newCustomer(platform);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => customer.place(wish(), { key, wait: 30 })));
    // Any of them may be the first to come, and the last to come may find that one's answer.
    const fresh = answers.filter(({ status, headers }) => status === 201 && !headers.has('idempotent-replayed'));
    assert.equal(fresh.length, 1);
    const first = fresh[0]!;
    for (const answer of answers) {
      if (answer.status === 409) assert.equal(codeOf(answer), 'RequestInProgress');
      else assert.deepEqual([answer.status, answer.body], [201, first.body]);
    }
    const again = await customer.place(wish(), { key });
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');

    const other = await customer.place(wish({ quantity: 2 }), { key });
    assert.deepEqual([other.status, codeOf(other)], [422, 'IdempotencyKeyReused']);
    const items = await customer.orders();
    assert.equal(items.length, 1);
    assert.equal((await money(platform, first.body.id)).length, 1);
  });

  test('keeps somebody else’s order to its owner', async () => {
    const { id } = await ada.placed({});
    const eve = await newCustomer(platform);
    for (const path of [
      '/v1/orders/{orderId}',
      '/v1/orders/{orderId}/history',
      '/v1/orders/{orderId}/returns',
    ] as const) {
      await expected(404, eve.api.GET(path, { params: { path: { orderId: id } } }));
    }
    assert.equal((await eve.cancel(id)).status, 404);
    assert.equal((await ada.order(id)).status, 'confirmed');
    assert.equal((await keeper.order(id)).id, id);
    await expected(403, eve.api.GET('/v1/admin/interventions'));
  });

  test('sells the last pieces once each, to buyers who come at the same time', async () => {
    const sku = await newProduct(keeper, 3);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ada.place(wish({ sku }), { wait: 30 })));
    const orders = answers.map(({ body }) => body);
    assert.equal(orders.filter(({ status }) => status === 'confirmed').length, 3);
    assert.equal(orders.filter(({ rejection }) => rejection?.code === 'OutOfStock').length, 7);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 3, reserved: 3, available: 0 });
  });

  test('charges nobody for what is not there', async () => {
    const sku = await newProduct(keeper, 2);
    const order = await ada.placed({ sku, quantity: 3 }, 'rejected');
    assert.equal(order.rejection?.code, 'OutOfStock');
    assert.match(order.rejection.detail, new RegExp(sku));
    const left = askedAgain(await ada.history(order.id)) ? ['canceled', 'canceled'] : ['not_paid', 'not_fulfilled'];
    assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], left);
    assert.deepEqual(await money(platform, order.id), []);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 2, reserved: 0 });
  });

  test('undoes everything when an order is canceled, once, and refuses once it has left', async () => {
    const sku = await newProduct(keeper, 5);
    const { id } = await ada.placed({ sku, quantity: 2 });
    assert.equal((await ada.cancel(id, 'ordered twice')).status, 202);
    await ada.orderOnce(id, { status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' });
    assert.deepEqual(await moneyInWords(platform, id), ['authorization 2500', 'void 2500']);
    assert.deepEqual(await parcel(platform, id), ['booking', 'cancellation']);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 5, reserved: 0 });

    const left = await ada.placed({ sku });
    await advance(platform, left);
    await ada.orderOnce(left.id, { fulfillmentStatus: 'shipped' });
    const late = await ada.cancel(left.id);
    assert.deepEqual([late.status, codeOf(late)], [409, 'TooLateToCancel']);
  });

  test('cancels an order in the middle of being paid', async () => {
    const id = await canceledWhilePaying();
    // The processor may still be about to say yes: whatever it says, no money may be held in the end.
    await sleep(LATE_YES_MS);
    const types = (await money(platform, id)).map(({ type }) => type);
    assert.ok(['', 'authorization,void'].includes(types.join()), types.join());
    assert.deepEqual(await parcel(platform, id), []);
  });

  /** The processor takes 3 s to say yes; where the cancellation comes too late for that, another order is tried. */
  async function canceledWhilePaying(): Promise<string> {
    for (;;) {
      const { id } = (await ada.place(wish({ paymentMethod: 'pm_sandbox_slow' }))).body;
      const paying = async () => (await ada.history(id)).filter(({ step }) => step === 'authorizePayment');
      await eventually(async () => assert.notEqual((await paying()).length, 0));
      assert.equal((await ada.cancel(id)).status, 202);
      await ada.orderOnce(id, { status: 'canceled' });
      if (!(await paying()).some(({ outcome }) => outcome === 'succeeded')) return id;
    }
  }
});

const WHOLE_STORY = [
  ...PLACED_HISTORY,
  'dispatch succeeded',
  'capturePayment started',
  'capturePayment succeeded',
  'commitStock started',
  'commitStock succeeded',
  'deliver succeeded',
];
/** Longer than `pm_sandbox_slow` takes to say yes. */
const LATE_YES_MS = 4_000;
const DURABLE = /Stock|Payment|Shipment/;

const hasAttempt = ({ attempt }: { attempt?: number | undefined }): boolean => attempt !== undefined && attempt >= 1;

async function inTemporal(port: string, look: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  await look(new Client({ connection })).finally(() => connection.close());
}
