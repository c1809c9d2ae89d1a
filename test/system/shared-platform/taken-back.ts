import assert from 'node:assert/strict';
import { codeOf, expectStatus } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { askRefund } from '../../stage/order-requests.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { type Order, PRICE_MINOR, type ShopUser, newCustomer, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const [HELD, RELEASED, CAPTURED] = ['authorization', 'void', 'capture'].map((type) => `${type} ${PRICE_MINOR}`);
const REFUND_MINOR = 250;

describe('money that the card processor takes back', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  async function dispatched(paymentMethod: string): Promise<Order> {
    const order = await ada.placeAndWait({ paymentMethod });
    await advance(platform, order);
    return order;
  }
  const ledger = ({ id }: Order) => moneyInWords(platform, id);
  const untilRefunds = ({ id }: Order, ...statuses: string[]) =>
    eventually(async () => {
      const params = { path: { orderId: id } };
      const { items } = await expectStatus(200, admin.api.GET('/v1/admin/orders/{orderId}/refunds', { params }));
      assert.deepEqual(items.map(({ status }) => status).toSorted(), statuses.toSorted());
    }, 120_000);
  const refundedMinor = async ({ id }: Order) => (await ada.order(id)).refunded!.amountMinor;

  /** An order of which a refund was paid, and then was not. */
  async function refundFailed() {
    const order = await dispatched('pm_sandbox_refundFailsLater');
    await ada.waitForOrder(order.id, { paymentStatus: 'captured' });
    assert.equal((await askRefund(admin, order.id, REFUND_MINOR)).status, 202);
    const intervention = await admin.waitForIntervention(order.id);
    assert.equal(intervention.step, 'refundPayment');
    await untilRefunds(order, 'failed', 'requested');
    assert.equal(await refundedMinor(order), 0);
    return { order, intervention };
  }

  test('a refund: a person has paid it in another way (pm_sandbox_refundFailsLater)', async () => {
    const { order, intervention } = await refundFailed();
    await admin.resolve(intervention, 'refund_manually');
    await untilRefunds(order, 'failed', 'refunded_manually');
    await ada.waitForOrder(order.id, { status: 'confirmed', paymentStatus: 'partially_refunded' });
    assert.equal(await refundedMinor(order), REFUND_MINOR);
    assert.deepEqual(await ledger(order), [HELD, CAPTURED]);
  });

  test('a refund: it is paid again, fails again, and is then given up (pm_sandbox_refundFailsLater)', async () => {
    const { order, intervention } = await refundFailed();
    await admin.resolve(intervention, 'retry');
    const second = await eventually(async () => {
      const open = await admin.waitForIntervention(order.id);
      assert.notEqual(open.id, intervention.id);
      return open;
    }, 120_000);
    await admin.resolve(second, 'skip');
    await untilRefunds(order, 'failed', 'failed', 'not_refunded');
    assert.equal(await refundedMinor(order), 0);
    assert.deepEqual(await ledger(order), [HELD, CAPTURED]);
  });

  /** An order whose parcel has left, and whose capture succeeded and then failed. */
  async function captureFailed() {
    const order = await dispatched('pm_sandbox_captureFailsLater');
    const intervention = await admin.waitForIntervention(order.id);
    assert.deepEqual(
      [intervention.step, intervention.allowedActions.map(({ action }) => action)],
      ['recapturePayment', ['retry', 'skip', 'collect_manually']],
    );
    const { captured } = await ada.waitForOrder(order.id, {
      status: 'requires_action',
      paymentStatus: 'requires_action',
      fulfillmentStatus: 'shipped',
    });
    assert.equal(captured!.amountMinor, 0);
    const refused = await askRefund(admin, order.id, 1);
    assert.deepEqual([refused.status, codeOf(refused)], [409, 'RefundTooLarge']);
    assert.deepEqual(await ledger(order), [HELD, RELEASED]);
    return { order, intervention };
  }

  test('a capture: the money is held and captured again, once (pm_sandbox_captureFailsLater)', async () => {
    const { order, intervention } = await captureFailed();
    await admin.resolve(intervention, 'retry');
    const { captured } = await ada.waitForOrder(order.id, { status: 'confirmed', paymentStatus: 'captured' });
    assert.equal(captured!.amountMinor, PRICE_MINOR);
    assert.deepEqual(await ledger(order), [HELD, RELEASED, HELD, CAPTURED]);
    assert.equal((await askRefund(admin, order.id, REFUND_MINOR)).status, 202);
    await untilRefunds(order, 'refunded');
  });

  test('a capture: a person has got the money in another way', async () => {
    const { order, intervention } = await captureFailed();
    await admin.resolve(intervention, 'collect_manually');
    const { captured } = await ada.waitForOrder(order.id, { status: 'confirmed', paymentStatus: 'captured' });
    assert.equal(captured!.amountMinor, PRICE_MINOR);
    assert.deepEqual(await ledger(order), [HELD, RELEASED]);
  });

  test('a capture: it is written off', async () => {
    const { order, intervention } = await captureFailed();
    await admin.resolve(intervention, 'skip');
    const { captured } = await ada.waitForOrder(order.id, { status: 'confirmed', paymentStatus: 'requires_action' });
    assert.equal(captured!.amountMinor, 0);
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered' });
    assert.deepEqual(await ledger(order), [HELD, RELEASED]);
  });
});

describe('after what was taken back every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
