import assert from 'node:assert/strict';
import type { Schemas } from '../../../clients/typescript/index.ts';
import { expectStatus } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { authenticate, moneyInWords, parcel, tell } from '../../stage/outside-ledgers.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import {
  type Order,
  PRICE_MINOR,
  type ShopUser,
  newCustomer,
  newProduct,
  orderRequest,
  signInAsAdmin,
} from '../../stage/shop-users.ts';

const TOLD_AT_ONCE = 'pm_sandbox_authenticationRequired';
const TOLD_ON_REQUEST = 'pm_sandbox_authenticationLate';
const AUTHORIZED = `authorization ${PRICE_MINOR}`;
const VOIDED = `void ${PRICE_MINOR}`;

describe('a payment that the card’s holder must confirm', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  /** Places an order of the only piece, and returns it once its customer must act. */
  async function awaited(paymentMethod = TOLD_AT_ONCE): Promise<Order & { sku: string }> {
    const sku = await newProduct(admin, 1);
    const { status, headers, body } = await ada.place(orderRequest({ paymentMethod, sku }), { wait: 30 });
    assert.deepEqual([status, headers.get('preference-applied')], [202, 'wait=30'], JSON.stringify(body));
    assert.deepEqual([body.status, body.paymentStatus], ['pending', 'awaiting_customer']);
    return { ...body, sku };
  }
  const mails = async ({ number }: Order) => {
    const params = { query: { limit: 100 } };
    const { items } = await expectStatus(200, admin.api.GET('/v1/admin/mailbox', { params }));
    return items.filter(({ text }) => text?.includes(`order ${number}`)).map(({ template }) => template);
  };
  const untilMailed = (order: Order, template: Schemas['Mail']['template']) =>
    eventually(async () => assert.ok((await mails(order)).includes(template), template), 60_000, 200);

  test('says where to confirm and until when, and is charged once after it', async () => {
    const { id, nextAction, sku } = await awaited();
    assert.ok(nextAction?.type === 'redirect');
    const page = await (await fetch(nextAction.url)).text();
    assert.match(page, /<button/);
    const minutes = (Date.parse(nextAction.expiresAt) - Date.now()) / 60_000;
    assert.ok(minutes > 28 && minutes <= 30, `${minutes} minutes`);
    assert.deepEqual(await moneyInWords(platform, id), []);
    assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: 1 });

    assert.equal((await authenticate(platform, id, 'succeeded')).status, 200);
    const order = await ada.waitForOrder(id, { status: 'confirmed', paymentStatus: 'authorized' });
    assert.equal(order.nextAction, undefined);
    // However often the event comes.
    for (const _again of [1, 2]) await tell(platform, id);
    assert.deepEqual(await moneyInWords(platform, id), [AUTHORIZED]);
    assert.deepEqual(await parcel(platform, id), ['booking']);
    const steps = (await ada.history(id)).map(({ step, outcome }) => `${step} ${outcome}`);
    assert.deepEqual(
      steps.filter((step) => step.startsWith('confirmPayment')),
      ['confirmPayment started', 'confirmPayment succeeded'],
    );
    await untilMailed(order, 'confirm-payment');
  });

  test('is rejected with PaymentNotCompleted when the holder refuses, and everything is undone', async () => {
    const { id, sku } = await awaited();
    await authenticate(platform, id, 'failed');
    const order = await ada.waitForOrder(id, { status: 'rejected', paymentStatus: 'not_paid' });
    assert.equal(order.rejection?.code, 'PaymentNotCompleted');
    assert.equal(order.nextAction, undefined);
    assert.deepEqual(await moneyInWords(platform, id), []);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1, reserved: 0 });
  });

  test('can be canceled while it waits, and cannot be confirmed any more', async () => {
    const { id, sku } = await awaited();
    assert.equal((await ada.cancel(id)).status, 202);
    await ada.waitForOrder(id, { status: 'canceled' });
    assert.equal((await authenticate(platform, id, 'succeeded')).status, 409);
    assert.deepEqual(await moneyInWords(platform, id), []);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1, reserved: 0 });
  });

  test('is confirmed although its event never comes, because the processor is asked', async () => {
    const { id } = await awaited(TOLD_ON_REQUEST);
    await authenticate(platform, id, 'succeeded');
    await ada.waitForOrder(id, { status: 'confirmed', paymentStatus: 'authorized' });
    assert.deepEqual(await moneyInWords(platform, id), [AUTHORIZED]);
  });

  test('that is confirmed after the order was canceled is released, once, and its customer is told', async () => {
    const { id } = await awaited(TOLD_ON_REQUEST);
    await ada.cancel(id);
    const order = await ada.waitForOrder(id, { status: 'canceled' });
    await authenticate(platform, id, 'succeeded');
    assert.deepEqual(await moneyInWords(platform, id), [AUTHORIZED]);
    for (const _again of [1, 2]) await tell(platform, id);
    await eventually(async () => assert.deepEqual(await moneyInWords(platform, id), [AUTHORIZED, VOIDED]), 60_000, 100);
    await untilMailed(order, 'payment-released');
    await tell(platform, id);
    assert.deepEqual(await moneyInWords(platform, id), [AUTHORIZED, VOIDED]);
    await ada.waitForOrder(id, { status: 'canceled' });
    assert.equal((await mails(order)).filter((template) => template === 'payment-released').length, 1);
  });

  test('ends in one of two ways when it is confirmed and canceled at once', async () => {
    const orders = await Promise.all([1, 2, 3].map(() => awaited()));
    for (const { id } of orders) {
      await Promise.all([authenticate(platform, id, 'succeeded'), ada.cancel(id)]);
    }
    for (const { id, sku } of orders) {
      // A cancellation that is admitted always wins: the order is not dispatched.
      await ada.waitForOrder(id, { status: 'canceled' });
      const entries = await moneyInWords(platform, id);
      assert.ok([0, 2].includes(entries.length), entries.join());
      if (entries.length === 2) assert.deepEqual(entries, [AUTHORIZED, VOIDED]);
      assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1, reserved: 0 });
      const order = await ada.order(id);
      assert.equal(order.paymentStatus, entries.length === 2 ? 'canceled' : 'not_paid');
      assert.ok(!(await mails(order)).includes('payment-released'));
    }
  });
});

describe('after these confirmations every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
