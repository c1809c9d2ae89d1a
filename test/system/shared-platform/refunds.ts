import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Schemas } from '../../../clients/typescript/index.ts';
import { type ApiResponse, codeOf, expectStatus, responseOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import {
  type OrderDifference,
  PRICE_MINOR,
  type ShopUser,
  newCustomer,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

type Refund = Schemas['Refund'];

describe('refunds by staff', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  async function paid(difference: OrderDifference = {}) {
    const order = await ada.placeAndWait(difference);
    await advance(platform, order);
    return ada.waitForOrder(order.id, { paymentStatus: 'captured' });
  }
  const ask = (orderId: string, amountMinor: number, key: string = randomUUID()): Promise<ApiResponse<Refund>> =>
    responseOf(
      admin.api.POST('/v1/admin/orders/{orderId}/refunds', {
        params: { path: { orderId }, header: { 'Idempotency-Key': key } },
        body: { amount: { amountMinor, currency: 'GBP' }, reason: 'goodwill' },
      }),
    );
  const refunds = async (orderId: string): Promise<Refund[]> => {
    const params = { path: { orderId } };
    return (await expectStatus(200, admin.api.GET('/v1/admin/orders/{orderId}/refunds', { params }))).items;
  };
  const untilEnded = (orderId: string, count: number, status: Refund['status']) =>
    eventually(
      async () =>
        assert.deepEqual(
          (await refunds(orderId)).map((one) => one.status),
          Array(count).fill(status),
        ),
      120_000,
      200,
    );

  test('pay parts of an order back, each once however often it is asked for', async () => {
    const { id } = await paid();
    const key = randomUUID();
    const responses = await Promise.all([1, 2].map(() => ask(id, 200, key)));
    assert.ok(responses.some(({ status }) => status === 202));
    await ask(id, 300);
    await untilEnded(id, 2, 'refunded');
    const order = await ada.waitForOrder(id, { paymentStatus: 'partially_refunded' });
    assert.deepEqual([order.captured?.amountMinor, order.refunded?.amountMinor], [PRICE_MINOR, 500]);
    const entries = await moneyInWords(platform, id);
    assert.deepEqual(entries.slice(2).toSorted(), ['refund 200', 'refund 300']);
  });

  test('never pay more than was captured, though many are asked for at once', async () => {
    const { id } = await paid();
    const responses = await Promise.all(Array.from({ length: 40 }, () => ask(id, 100)));
    const granted = responses.filter(({ status }) => status === 202);
    assert.equal(granted.length, Math.floor(PRICE_MINOR / 100));
    for (const response of responses) if (response.status !== 202) assert.equal(codeOf(response), 'RefundTooLarge');
    await untilEnded(id, granted.length, 'refunded');
    assert.equal((await moneyInWords(platform, id)).length, 2 + granted.length);
  });

  test('wait for a person where the processor refuses, and are entered into the books if paid in another way', async () => {
    const { id } = await paid({ paymentMethod: 'pm_sandbox_refundFails' });
    await ask(id, 250);
    const intervention = await admin.waitForIntervention(id);
    assert.equal(intervention.step, 'refundPayment');
    await admin.resolve(intervention, 'refund_manually');
    await untilEnded(id, 1, 'refunded_manually');
    const order = await ada.waitForOrder(id, { status: 'confirmed', paymentStatus: 'partially_refunded' });
    assert.equal(order.refunded?.amountMinor, 250);
    assert.deepEqual(await moneyInWords(platform, id), [`authorization ${PRICE_MINOR}`, `capture ${PRICE_MINOR}`]);
  });
});

describe('after these refunds every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
